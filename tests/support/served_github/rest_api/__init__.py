"""GitHub's REST API over the world: routes with what each asks of a token, and the bodies that they answer."""

from . import actions, apps, audit, people, repositories  # noqa: F401  They register their routes.
