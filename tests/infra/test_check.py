"""What `make infra-check` finds, in copies that are broken in one way each."""

import shutil
import subprocess
import sys

import pytest

import configuration
import installed
import references
import security
from support.places import WORKSPACE

MODULE = WORKSPACE / "infra"
CHECK = MODULE / "tools/check.py"


@pytest.fixture
def copy(tmp_path):
    leave = shutil.ignore_patterns(".terraform*", "terraform.tfstate*", "tools")
    return shutil.copytree(MODULE, tmp_path / "infra", ignore=leave)


def problems(folder) -> str:
    """What is found of a folder that was changed, a line each."""
    configuration.read.cache_clear()
    return "\n".join(references.problems(folder))


def folders(root):
    return sorted({file.parent for file in root.rglob("*.tf")})


def added(folder, text: str) -> str:
    (folder / "added.tf").write_text(text)
    return problems(folder)


def test_everything_that_the_module_and_its_examples_name_is_there():
    found = {folder.relative_to(MODULE).as_posix(): problems(folder) for folder in folders(MODULE)}
    assert {name: text for name, text in found.items() if text} == {}
    assert {".", "examples/single-account", "examples/provider-reader", "modules/member-account"} <= found.keys()


BROKEN = {
    "a variable": ("locals {\n  it = var.nowhere\n}\n", "added.tf:2: var.nowhere is not declared"),
    "a variable within a string": ('locals {\n  it = "a-${var.nowhere}"\n}\n', "added.tf:2: var.nowhere is not declared"),
    "a variable within a heredoc": ("locals {\n  it = <<-EOT\n    a\n    ${jsonencode({ a = { b = var.nowhere } })}\n  EOT\n}\n", "added.tf:4: var.nowhere is not declared"),
    "a local value": ("locals {\n  it = [for one in local.nowhere : one.id]\n}\n", "added.tf:2: local.nowhere is not declared"),
    "a resource": ('locals {\n  it = aws_sqs_queue.nowhere["a"].arn\n}\n', "added.tf:2: aws_sqs_queue.nowhere.arn is not declared"),
    "a data source": ("locals {\n  it = data.aws_region.nowhere.id\n}\n", "added.tf:2: data.aws_region.nowhere.id is not declared"),
    "a module": ("locals {\n  it = module.nowhere.arn\n}\n", "added.tf:2: module.nowhere.arn is not declared"),
    "a name out of its loop": ("locals {\n  it = [[for one in [1] : one], one.id]\n}\n", "added.tf:2: one.id is not declared"),
    "what stands in brackets": ("locals {\n  it = data.aws_region.this[var.nowhere]\n}\n", "added.tf:2: var.nowhere is not declared"),
    "what a resource waits for": ('resource "aws_sqs_queue" "it" {\n  depends_on = [aws_sqs_queue.nowhere]\n}\n', "added.tf:2: aws_sqs_queue.nowhere is not declared"),
    "what is within a dynamic block": (
        'resource "aws_sqs_queue" "it" {\n  dynamic "a" {\n    for_each = [1]\n    content {\n      b = a.value\n      c = b.value\n    }\n  }\n}\n',
        "added.tf:6: b.value is not declared",
    ),
    "a module's folder": ('module "it" {\n  source = "./modules/nowhere"\n}\n', "added.tf:1: module.it: its source is no folder"),
    "a provider": ('resource "aws_sqs_queue" "it" {\n  provider = aws.nowhere\n}\n', "added.tf:2: the provider configuration aws.nowhere is not declared"),
    "the same twice": ('variable "name" {}\n', "variable name is declared twice"),
    "a file that is no Terraform": ("locals {\n  it = [1\n}\n", "added.tf:3:"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_not_there_is_told_with_its_line(copy, what):
    text, expected = BROKEN[what]
    found = added(copy, text)
    assert expected in found and len(found.splitlines()) == 1, found


NAMED_WELL = """
locals {
  loop   = { for key, value in var.tags : key => upper(value) if value != "" }
  nested = [for one in [for two in [1] : two] : one]
  object = { name = 1, (local.loop) = 2, "three" = each_is_a_word }
  splat  = data.aws_caller_identity.this[*].account_id
  paths  = "${path.module} ${terraform.workspace} $${var.escaped} %{for tag in var.tags}${tag}%{endfor}"
  call   = jsondecode(file("it")).a.b["c"]
}
resource "aws_sqs_queue" "it" {
  for_each = { a = 1 }
  name     = "${each.key}-${each.value}"
  lifecycle {
    ignore_changes = [name, tags["a"]]
    postcondition {
      condition     = self.id != ""
      error_message = "None."
    }
  }
}
"""


def test_what_the_language_itself_names_is_no_problem(copy):
    assert added(copy, NAMED_WELL.replace('"three" = each_is_a_word', '"three" = 3')) == ""


def test_an_example_that_leaves_out_what_is_required_is_told(copy):
    example = copy / "examples/single-account"
    text = "\n".join(line for line in (example / "main.tf").read_text().splitlines() if "state_buckets" not in line)
    (example / "main.tf").write_text(text)
    assert "main.tf:3: module.driftwire: the input state_buckets is required and not given" in problems(example)


def test_an_example_that_gives_what_nobody_takes_is_told(copy):
    example = copy / "examples/single-account"
    (example / "main.tf").write_text((example / "main.tf").read_text().replace("alert_emails", "alert_mails"))
    assert "module.driftwire: there is no input alert_mails" in problems(example)


def test_an_output_that_the_called_module_does_not_have_is_told(copy):
    found = added(copy / "examples/single-account", 'output "it" {\n  value = module.driftwire.nowhere\n}\n')
    assert found.endswith("added.tf:2: module.driftwire.nowhere is not declared")


def test_without_terraform_the_skipped_part_is_said_and_what_is_broken_still_fails(copy):
    def check(*arguments):
        return subprocess.run([sys.executable, str(CHECK), *arguments, str(copy)], capture_output=True, text=True, env={"PATH": "/nowhere", "HOME": "/nowhere"}, check=False)

    whole = check()
    assert whole.returncode == 0, whole.stderr
    assert "SKIPPED: terraform fmt, init and validate: there is no terraform on PATH" in whole.stderr
    (copy / "examples/slack/added.tf").write_text("locals {\n  it = var.nowhere\n}\n")
    broken = check()
    assert broken.returncode == 1 and "examples/slack/added.tf:2: var.nowhere is not declared" in broken.stderr


@pytest.mark.skipif(installed.why_not() is not None, reason=f"no Terraform: {installed.why_not()}")
def test_with_terraform_what_only_terraform_knows_fails(tmp_path):
    (tmp_path / "main.tf").write_text('resource "aws_sqs_queue" "it" {\n  nam = 1\n}\n')
    checked = subprocess.run([sys.executable, str(CHECK), str(tmp_path)], capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert 'An argument named "nam" is not expected here' in checked.stderr
    assert "terraform fmt" not in checked.stderr
    (tmp_path / "main.tf").write_text('resource "aws_sqs_queue" "it" {\nname = "a"\n}\n')
    checked = subprocess.run([sys.executable, str(CHECK), str(tmp_path)], capture_output=True, text=True, check=False)
    assert checked.returncode == 1 and "terraform fmt" in checked.stderr


def test_every_exception_of_checkov_has_its_reason_beside_it(tmp_path):
    assert security.unreasoned(MODULE) == []
    for reason in ("", ":", ": why"):
        (tmp_path / "main.tf").write_text(f"# checkov:skip=CKV_AWS_1{reason}\n")
        [finding] = security.unreasoned(tmp_path)
        assert finding.endswith("main.tf:1: CKV_AWS_1 is skipped without a reason")
    (tmp_path / "main.tf").write_text("#checkov:skip=CKV_AWS_1:What it holds is public.\n")
    assert security.unreasoned(tmp_path) == []
