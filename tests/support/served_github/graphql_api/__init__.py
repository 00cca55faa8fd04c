"""GitHub's GraphQL API: queries executed against the published schema, over the world.

What the schema has and the world does not hold is an error that names the field, never a made-up value.
"""
