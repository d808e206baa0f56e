//! Plain tables for lists: aligned by what a terminal shows, cut to its width, readable when piped. No borders.

use crate::text;

/// Between two columns.
const GAP: usize = 2;

/// On which side the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Counts and sizes.
    Right,
}

/// How the text of a column is cut when the terminal is too narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// Never: ids, counts, times.
    Never,
    /// At the end: sentences.
    End,
    /// In the middle: names of files.
    Middle,
}

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    title: String,
    align: Align,
    cut: Cut,
}

impl Column {
    /// Text on the left, never cut: ids, dates, words.
    pub fn fixed(title: impl Into<String>) -> Self {
        Self { title: title.into(), align: Align::Left, cut: Cut::Never }
    }

    /// Counts and sizes, on the right, never cut.
    pub fn number(title: impl Into<String>) -> Self {
        Self { title: title.into(), align: Align::Right, cut: Cut::Never }
    }

    /// Names of people, books and practices, cut at the end.
    pub fn text(title: impl Into<String>) -> Self {
        Self { title: title.into(), align: Align::Left, cut: Cut::End }
    }

    /// Names of files, cut in the middle so that the ending stays.
    pub fn name(title: impl Into<String>) -> Self {
        Self { title: title.into(), align: Align::Left, cut: Cut::Middle }
    }
}

/// Rows under titles. Every cell is made safe as it comes in.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row; cells that are missing stay empty, cells beyond the columns are dropped.
    pub fn row<I, S>(&mut self, cells: I)
    where
        I: IntoIterator<Item = S>,
        S: AsRef<str>,
    {
        let cells = cells.into_iter().map(|cell| text::safe(cell.as_ref()).into_owned());
        let mut row: Vec<String> = cells.take(self.columns.len()).collect();
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines of at most `columns` where cutting allows it, without a line end at the end.
    pub fn render(&self, columns: usize) -> String {
        let widths = self.widths(columns);
        let titles: Vec<&str> = self.columns.iter().map(|column| column.title.as_str()).collect();
        let mut lines = vec![self.line(&titles, &widths)];
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            lines.push(self.line(&cells, &widths));
        }
        lines.join("\n")
    }

    /// Natural widths, then the widest column that may be cut gives way, one column at a time.
    fn widths(&self, columns: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| text::width(&column.title)).collect();
        let least: Vec<usize> = widths.iter().map(|title| (*title).max(8)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(text::width(cell));
            }
        }
        let gaps = GAP * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > columns {
            let over = widths.iter().sum::<usize>() + gaps - columns;
            let candidates = widths.iter_mut().zip(&self.columns).zip(&least);
            let widest = candidates
                .filter(|((width, column), least)| column.cut != Cut::Never && **width > **least)
                .max_by_key(|((width, _), _)| **width);
            match widest {
                Some(((width, _), least)) => *width -= over.min((*width - least).div_ceil(2)).max(1),
                None => break,
            }
        }
        widths
    }

    fn line(&self, cells: &[&str], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, column), width) in cells.iter().zip(&self.columns).zip(widths) {
            let cut = match column.cut {
                Cut::Never => (*cell).into(),
                Cut::End => text::fit(cell, *width),
                Cut::Middle => text::fit_name(cell, *width),
            };
            if !line.is_empty() {
                line.push_str("  ");
            }
            line.push_str(&match column.align {
                Align::Left => text::pad(&cut, *width),
                Align::Right => text::pad_left(&cut, *width),
            });
        }
        line.trim_end().to_owned()
    }
}

impl crate::Console {
    /// Prints a table on stdout, also when quiet; nothing in JSON.
    pub fn table(&self, table: &Table) {
        self.print(&table.render(self.columns()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn columns_stand_under_each_other_in_chinese() {
        let mut table = Table::new(vec![Column::name("文件"), Column::number("大小"), Column::fixed("状态")]);
        table.row(["进项发票-06.pdf", "54.3 kB", "已收到"]);
        table.row(["a.csv", "999 B", "会计已取"]);
        let expected = "\
文件                大小  状态
进项发票-06.pdf  54.3 kB  已收到
a.csv              999 B  会计已取";
        assert_eq!(table.render(80), expected);
    }

    #[test]
    fn a_narrow_terminal_cuts_names_and_keeps_ids() {
        let mut table = Table::new(vec![Column::fixed("id"), Column::name("name")]);
        table.row(["0123456789ABCDEFGHJKMNPQRS", "银行对账单(工商银行六月第二版).pdf"]);
        let shown = table.render(50);
        assert!(shown.lines().all(|line| text::width(line) <= 50), "{shown}");
        assert!(shown.contains("0123456789ABCDEFGHJKMNPQRS") && shown.ends_with(".pdf"), "{shown}");
    }

    #[test]
    fn a_hostile_name_can_not_break_a_line() {
        let mut table = Table::new(vec![Column::name("name")]);
        table.row(["x\ny\u{1b}[2J\u{202e}"]);
        assert_eq!(table.render(80).lines().count(), 2);
        assert!(!table.render(80).contains('\u{1b}'));
    }

    proptest! {
        #[test]
        fn any_cells_end_in_lines_that_fit(rows in prop::collection::vec(any::<(String, String)>(), 0..8)) {
            let mut table = Table::new(vec![Column::name("name"), Column::text("text")]);
            for (a, b) in &rows {
                table.row([a, b]);
            }
            let shown = table.render(40);
            prop_assert_eq!(shown.split('\n').count(), rows.len() + 1);
            prop_assert!(shown.lines().all(|line| text::width(line) <= 40), "{}", shown);
        }
    }
}
