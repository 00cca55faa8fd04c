use comfy_table::{Table, presets};

use super::printable;

/// A table with a line under its header. What the cells hold is made printable, and never cut: addresses are copied.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(header);
    for row in rows {
        table.add_row(row.map(|cell| printable(&cell)));
    }
    table.trim_fmt() + "\n"
}
