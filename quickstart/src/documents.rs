//! The sample documents: a plausible invoice as PDF and as XML, a bank statement as CSV, and a scan of 64 MiB.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The seller's tax id.
const TAX_ID: &str = "9131000012345678XX";
/// Size of the scan.
const SCAN_BYTES: usize = 64 << 20;

/// Writes the samples into `folder`.
///
/// # Errors
/// The disk's.
pub fn make(folder: &Path) -> io::Result<()> {
    scan(folder)?;
    std::fs::write(folder.join("进项发票-2026-11.pdf"), pdf())?;
    std::fs::write(folder.join("进项发票-2026-11.xml"), xml())?;
    std::fs::write(folder.join("工行对账单-2026-11.csv"), csv())
}

/// One page that any reader shows: offsets in the table are counted, not guessed.
fn pdf() -> Vec<u8> {
    let text = format!(
        "BT /F1 16 Tf 60 760 Td (VAT INVOICE  No. 26117000) Tj /F1 11 Tf 0 -36 Td (Seller: Shanghai Hushen Trading Co., Ltd.  Tax id {TAX_ID}) Tj 0 -18 Td (Buyer: Jing'an Noodle House) Tj 0 -18 Td (Flour, 50 kg x 40        CNY 8,849.56) Tj 0 -18 Td (VAT 13 %                 CNY 1,150.44) Tj 0 -18 Td (Total                    CNY 10,000.00) Tj ET"
    )
    .replace("Jing'an", "Jing\\'an");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
    ];
    let mut out = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", at + 1).bytes());
    }
    let table = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    offsets.iter().for_each(|offset| out.extend(format!("{offset:010} 00000 n \n").bytes()));
    out.extend(
        format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1)
            .bytes(),
    );
    out
}

fn xml() -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<EInvoice>\n  <InvoiceNumber>26117000</InvoiceNumber>\n  <IssueTime>2026-11-03</IssueTime>\n  <Seller><Name>上海沪申贸易有限公司</Name><TaxId>{TAX_ID}</TaxId></Seller>\n  <Buyer><Name>静安面馆</Name></Buyer>\n  <Item><Name>面粉</Name><Quantity>40</Quantity><Amount>8849.56</Amount><TaxRate>0.13</TaxRate></Item>\n  <Total>10000.00</Total>\n</EInvoice>\n"
    )
}

fn csv() -> String {
    let mut out = String::from("\u{feff}日期,摘要,借方,贷方,余额\r\n");
    let mut balance = 25_000_000i64;
    for day in 1..=30 {
        let paid = 100_000 + day * 13_731;
        balance -= paid;
        let cents = |value: i64| format!("{}.{:02}", value / 100, value % 100);
        out.push_str(&format!("2026-11-{day:02},支付货款,{},,{}\r\n", cents(paid), cents(balance)));
    }
    out
}

/// Writes the scan into `folder`; its path. Bytes that do not compress, as a scan's do not; the same each time.
///
/// # Errors
/// The disk's.
pub fn scan(folder: &Path) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join("合同扫描件.tiff");
    let mut file = io::BufWriter::new(std::fs::File::create(&path)?);
    file.write_all(b"II*\0")?;
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    for _ in 0..(SCAN_BYTES - 4) / 8 {
        // xorshift64*: noise for a file, nothing secret.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        file.write_all(&state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes())?;
    }
    file.flush()?;
    Ok(path)
}
