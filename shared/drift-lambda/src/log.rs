use tracing_subscriber::EnvFilter;

/// Starts the log: one JSON object a line on standard error, at the levels of `DRIFTWIRE_LOG` (`info` where it is not
/// set or cannot be decoded). The SDK's own lines stay out below `warn`, as they hold whole requests.
pub fn start_log(levels: Option<&str>) {
    let wanted = levels.unwrap_or("info");
    let ours =
        format!("warn,drift_lambda={wanted},drift_engine={wanted},drift_aws={wanted},event_detector={wanted},state_indexer={wanted}");
    let filter = EnvFilter::try_new(ours).unwrap_or_else(|_| EnvFilter::new("info"));
    let line = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(true).with_span_list(false);
    // A second start, in tests, keeps the first.
    let _ = line.with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
