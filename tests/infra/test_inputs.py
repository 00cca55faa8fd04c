"""The tables of inputs and outputs in the READMEs are what the modules say."""

from pathlib import Path

import pytest

import configuration
import inputs

VARIABLES = '''
variable "name" {
  description = "What it is | called."
  type        = string
}

variable "slack" {
  description = <<-EOT
    Alerts in
    Slack.

    Or not.
  EOT
  type = object({
    # An ARN.
    secret_arn = string
    channel    = optional(string)
  })
  default = null
}

output "topic" {
  description = "The topic."
  value       = 1
}
'''
README = "# A module\n\n<!-- inputs -->\n<!-- /inputs -->\n\nand\n\n<!-- outputs -->\nold\n<!-- /outputs -->\n\nthe end\n"


@pytest.fixture
def readme(tmp_path):
    (tmp_path / "variables.tf").write_text(VARIABLES)
    (tmp_path / "README.md").write_text(README)
    configuration.read.cache_clear()
    return tmp_path / "README.md"


def test_the_readmes_of_the_modules_say_what_their_variables_and_outputs_are():
    for each in inputs.READMES:
        assert inputs.renewed(each.read_text(), each) == each.read_text(), f"{each} is stale: run make inputs"


def test_every_input_and_output_of_the_modules_is_described_and_typed():
    for folder in {each.parent for each in inputs.READMES}:
        module = configuration.read(folder)
        for name, block in module.declared("variable").items():
            assert "type" in block.attributes, f"{name} has no type"
            assert len(inputs.described(block)) > 5, f"{name} is not described"
        for name, block in module.declared("output").items():
            assert len(inputs.described(block)) > 5, f"{name} is not described"


def test_a_table_has_what_is_required_first_and_a_long_type_as_it_is_written(readme):
    inputs.main([str(readme)])
    text = readme.read_text()
    assert text.startswith("# A module\n\n<!-- inputs -->\n") and text.endswith("<!-- /outputs -->\n\nthe end\n")
    assert "| `name` | What it is \\| called. | `string` | required |\n| `slack` | Alerts in Slack.<br><br>Or not. | [object](#slack) | `null` |" in text
    assert "### `slack`\n\nType:\n\n```hcl\nobject({\n  # An ARN.\n  secret_arn = string\n  channel    = optional(string)\n})\n```\n" in text
    assert "| `topic` | The topic. |" in text and "old" not in text


def test_a_variable_that_was_added_makes_a_readme_stale(readme):
    inputs.main([str(readme)])
    inputs.main(["--check", str(readme)])
    (readme.parent / "more.tf").write_text('variable "more" {\n  type = number\n  default = 1\n}\n')
    configuration.read.cache_clear()
    with pytest.raises(SystemExit, match="make inputs"):
        inputs.main(["--check", str(readme)])
    assert "more" not in readme.read_text(), "a check writes nothing"


def test_a_readme_without_the_marks_is_no_success(readme):
    readme.write_text("# A module\n")
    with pytest.raises(SystemExit, match="<!-- inputs -->"):
        inputs.main([str(readme)])
    assert Path(readme).read_text() == "# A module\n"
