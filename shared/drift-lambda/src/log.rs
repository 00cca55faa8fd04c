use tracing_subscriber::EnvFilter;

/// Starts the log: one JSON object a line on standard error, at the levels of `DRIFTWIRE_LOG`: a level for Driftwire's own
/// lines (`info` where it is not set, or empty), or `tracing`'s `EnvFilter` text. The SDK's own lines stay out below `warn` unless
/// such a text names its crates, as they hold whole requests.
///
/// A panic is logged by where it happened, never by what it says, which may be a value of a state.
pub fn start_log(levels: Option<&str>) {
    let filter = EnvFilter::try_new(filter(levels.unwrap_or_default())).unwrap_or_else(|_| EnvFilter::new("warn"));
    let line = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(true).with_span_list(false);
    // A second start, in tests, keeps the first.
    let _ = line.with_env_filter(filter).with_writer(std::io::stderr).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string);
        tracing::error!(at, "a panic: what it says is left out, as it may be a value");
    }));
}

/// A level alone is one for the crates of Driftwire.
fn filter(wanted: &str) -> String {
    const OURS: [&str; 10] = [
        "drift_lambda",
        "drift_engine",
        "drift_aws",
        "drift_github",
        "drift_provider",
        "event_detector",
        "state_indexer",
        "provider_judge",
        "github_scanner",
        "slack_notifier",
    ];
    let wanted = if wanted.trim().is_empty() { "info" } else { wanted };
    let directives = wanted.split(',').map(str::trim).flat_map(|directive| {
        let of_ours = is_level(directive).then(|| OURS.map(|part| format!("{part}={directive}")).to_vec());
        of_ours.unwrap_or_else(|| vec![directive.to_owned()])
    });
    ["warn".to_owned()].into_iter().chain(directives).collect::<Vec<_>>().join(",")
}

fn is_level(directive: &str) -> bool {
    directive.parse::<tracing::Level>().is_ok() || directive.eq_ignore_ascii_case("off")
}

/// What of these levels cannot be understood. A word alone that is no level would be taken for a target, and what was meant
/// as `warning` would switch everything off.
pub(crate) fn wrong_directive(wanted: &str) -> Option<&str> {
    let is_wrong = |directive: &&str| !is_level(directive) && !directive.contains(['=', '[', ']', '{', '}']);
    let wrong = wanted.split(',').map(str::trim).filter(|directive| !directive.is_empty()).find(is_wrong);
    wrong.or_else(|| EnvFilter::try_new(filter(wanted)).is_err().then_some(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::written::Written;

    #[test]
    fn a_level_alone_is_for_every_function() {
        for function in drift_engine::work::Function::ALL {
            let directive = format!("{}=debug", function.name().replace('-', "_"));
            assert!(filter("debug").split(',').any(|one| one == directive), "{directive}");
        }
    }

    #[test]
    fn a_level_alone_never_lets_in_what_others_log() {
        for wanted in ["trace", " TRACE", "trace,drift_aws=debug", "debug,trace"] {
            let filter = filter(wanted);
            assert!(filter.starts_with("warn,drift_lambda=") && filter.contains("drift_engine="), "{filter}");
            assert!(filter.split(',').skip(1).all(|directive| directive.contains('=')), "{filter}");
            assert!(EnvFilter::try_new(&filter).is_ok(), "{filter}");
        }
        assert_eq!(filter(" "), filter("info"));
        assert_eq!(filter("aws_smithy_runtime=trace"), "warn,aws_smithy_runtime=trace");
    }

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for wanted in ["info", "OFF", "info,", "debug,drift_aws=trace", "drift_engine[judge{a=1}]=debug"] {
            assert_eq!(wrong_directive(wanted), None, "{wanted}");
        }
        for (wanted, wrong) in [("warning", "warning"), ("info,drift_aws", "drift_aws"), ("drift_aws=loud", "drift_aws=loud")] {
            assert_eq!(wrong_directive(wanted), Some(wrong), "{wanted}");
        }
    }

    #[test]
    fn a_panic_is_logged_by_where_it_happened_and_not_by_what_it_says() {
        start_log(Some("off"));
        let written = Written::default();
        let writer = written.clone();
        let log = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        let secret = ["hunter", "2"].concat();
        let ended = tracing::subscriber::with_default(log, || std::panic::catch_unwind(|| panic!("it is {secret}")));
        let lines = written.text();
        assert!(ended.is_err() && lines.contains("log.rs:"), "{lines}");
        assert!(!lines.contains(&secret), "{lines}");
    }
}
