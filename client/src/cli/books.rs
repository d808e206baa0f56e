//! `counterfoil books`: the books that this person may use.

use console::{Column, Event, Exit, Table, fields, say};

use super::Context;
use crate::link::Patience;
use crate::listing;
use crate::trouble::Told;

pub(super) async fn run(context: &Context) -> Told<Exit> {
    let practice = context.selected()?;
    let (_device, mut link) = context.connect(&practice, Patience::default()).await?;
    let books = listing::books(&mut link, &practice).await?;
    link.close().await;
    let console = &context.console;
    let mut table =
        Table::new(vec![Column::text(say!(console, "title-book")), Column::fixed(say!(console, "title-id"))]);
    for row in books.books.iter() {
        table.row([row.name.as_str(), &row.book.to_string()]);
        let until = row.until.map(|until| until.to_rfc3339());
        let fields = fields! {"id": row.book.to_string(), "name": row.name.as_str(), "until": until};
        console.emit(&Event::Row { of: "book".to_owned(), fields });
    }
    match table.is_empty() {
        true => console.say("list-empty", &[]),
        false => console.print(&table.render(console.columns())),
    }
    Ok(context.summary("books", Exit::Done, fields! {"books": table.len()}))
}
