use tracing_subscriber::EnvFilter;

/// Starts the log: one JSON object a line on standard error, at the levels of `DRIFTWIRE_LOG`: one level for Driftwire's
/// own lines (`info` where it is not set), or `tracing`'s `EnvFilter` text. The SDK's own lines stay out below `warn` unless
/// such a text lets them in, as they hold whole requests.
pub fn start_log(levels: Option<&str>) {
    let wanted = levels.unwrap_or("info");
    let filter = if wanted.parse::<tracing::Level>().is_ok() || wanted == "off" {
        let ours = ["drift_lambda", "drift_engine", "drift_aws", "event_detector", "state_indexer"];
        format!("warn,{}", ours.map(|part| format!("{part}={wanted}")).join(","))
    } else {
        wanted.to_owned()
    };
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("warn"));
    let line = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(true).with_span_list(false);
    // A second start, in tests, keeps the first.
    let _ = line.with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
