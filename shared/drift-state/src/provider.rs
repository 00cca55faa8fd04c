//! Provider addresses in all the forms in which states write them.

/// The source address of the provider that a state's `provider` names, with its registry:
/// `registry.terraform.io/hashicorp/aws` for `provider["registry.terraform.io/hashicorp/aws"].west`,
/// `module.m.provider["registry.terraform.io/hashicorp/aws"]` and the `provider.aws.west` of Terraform 0.12, which later
/// versions read as HashiCorp's. `None` where it names no provider.
#[must_use]
pub fn provider_source(provider_config: &str) -> Option<String> {
    let rest = after_modules(provider_config.trim())?.strip_prefix("provider")?;
    if let Some(quoted) = rest.strip_prefix("[\"") {
        let source = &quoted[..quoted.find("\"]")?];
        let mut parts = source.rsplit('/');
        let (name, namespace, registry) = (parts.next()?, parts.next().unwrap_or("-"), parts.next().unwrap_or(TERRAFORM));
        // `-` stands for a provider whose namespace an upgrade from 0.12 had not found out yet.
        let namespace = if namespace == "-" { "hashicorp" } else { namespace };
        return (!name.is_empty() && !namespace.is_empty() && !registry.is_empty() && parts.next().is_none())
            .then(|| format!("{registry}/{namespace}/{name}"));
    }
    let name = rest.strip_prefix('.')?.trim().split('.').next()?;
    (!name.is_empty()).then(|| format!("{TERRAFORM}/hashicorp/{name}"))
}

const TERRAFORM: &str = "registry.terraform.io";

/// What follows the modules, whose keys may hold anything, `provider` included.
fn after_modules(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(module) = rest.strip_prefix("module.") {
        let (mut quoted, mut escaped) = (false, false);
        let end = module.char_indices().find(|(_, letter)| {
            let ends = *letter == '.' && !quoted;
            match letter {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ => {}
            }
            ends
        });
        rest = &module[end?.0 + 1..];
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(provider_config: &str, expected: Option<&str>) {
        assert_eq!(provider_source(provider_config).as_deref(), expected, "{provider_config}");
    }

    #[test]
    fn every_form_of_address_tells_its_source() {
        let aws = Some("registry.terraform.io/hashicorp/aws");
        check(r#"provider["registry.terraform.io/hashicorp/aws"]"#, aws);
        check(r#"provider["registry.terraform.io/hashicorp/aws"].west"#, aws);
        check(r#"module.m.provider["registry.terraform.io/hashicorp/aws"]"#, aws);
        check(r#"module.m["a.b\"].provider"].module.n.provider["registry.terraform.io/hashicorp/aws"].west"#, aws);
        check(r#"provider["registry.opentofu.org/hashicorp/aws"].by_region["us-east-1"]"#, Some("registry.opentofu.org/hashicorp/aws"));
        check(r#"provider["registry.terraform.io/-/aws"]"#, aws);
        check("provider.aws", aws);
        check("provider.aws.west", aws);
        check("module.m.provider.aws.west", aws);
        check("provider. null", Some("registry.terraform.io/hashicorp/null"));
    }

    #[test]
    fn what_names_no_provider_is_refused() {
        for text in
            ["", "aws", "provider", "provider.", "provider[\"", "provider[\"\"]", "module.m", "module.m[\"", "provider[\"a/b/c/d\"]"]
        {
            check(text, None);
        }
    }
}
