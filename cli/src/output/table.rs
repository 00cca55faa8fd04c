use comfy_table::{ContentLineStyle, LineStyle, Table, TableStyle};

use super::printable;

/// A line under the header and none anywhere else, so that a row is a line.
const PLAIN: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction(' '))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none().junction(' '));

/// A table with a line under its header. What the cells hold is made printable, and never cut: addresses are copied.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(PLAIN).set_header(header);
    for row in rows {
        table.add_row(row.map(|cell| printable(&cell)));
    }
    table.trim_fmt() + "\n"
}
