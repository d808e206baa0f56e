//! The kind of a document (类别) and the retention term that follows from it.
//!
//! Terms are legal minimums, counted from the first day after the fiscal year: 会计档案管理办法 (order 79 of
//! 2015) annex 1, and 税收征收管理法实施细则 art. 29 for tax papers.

use crate::Malformed;

/// What a document is, in a bookkeeper's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// 发票
    Invoice,
    /// 收据, 其他原始凭证
    Voucher,
    /// 银行对账单
    BankStatement,
    /// 合同
    Contract,
    /// 工资表
    Payroll,
    /// 纳税申报表
    TaxReturn,
    /// 账簿
    Ledger,
    /// 月度、季度财务报告
    InterimReport,
    /// 年度财务报告
    AnnualReport,
    /// 其他
    Other,
}

/// How long the law wants a document kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    /// No legal term: as long as the contract with the client says.
    Contract = 0,
    /// Ten years.
    TenYears = 10,
    /// Thirty years.
    ThirtyYears = 30,
    /// For ever.
    Permanent = 255,
}

/// One row a kind: the word, and the term. The word is what statements, commands and the disk carry.
const KINDS: [(Kind, &str, Term); 10] = [
    (Kind::Invoice, "invoice", Term::ThirtyYears),
    (Kind::Voucher, "voucher", Term::ThirtyYears),
    (Kind::BankStatement, "bank-statement", Term::TenYears),
    (Kind::Contract, "contract", Term::Contract),
    (Kind::Payroll, "payroll", Term::ThirtyYears),
    (Kind::TaxReturn, "tax-return", Term::TenYears),
    (Kind::Ledger, "ledger", Term::ThirtyYears),
    (Kind::InterimReport, "interim-report", Term::TenYears),
    (Kind::AnnualReport, "annual-report", Term::Permanent),
    (Kind::Other, "other", Term::Contract),
];

impl Kind {
    /// All kinds, in the order shown to people.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|(kind, _, _)| *kind)
    }

    /// The word in statements, commands and on the disk.
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(kind, _, _)| *kind == self).map_or("other", |(_, word, _)| word)
    }

    /// Reads the word.
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let row = KINDS.iter().find(|(_, word, _)| *word == text);
        row.map(|(kind, _, _)| *kind).ok_or(Malformed::new("kind", "it is not a known kind of document"))
    }

    /// How long documents of this kind are kept.
    pub fn term(self) -> Term {
        KINDS.iter().find(|(kind, _, _)| *kind == self).map_or(Term::Contract, |(_, _, term)| *term)
    }
}

impl Term {
    /// The number in shelf entries.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Reads the number.
    ///
    /// # Errors
    /// A number that is no term.
    pub fn from_code(code: u8) -> Result<Self, Malformed> {
        [Self::Contract, Self::TenYears, Self::ThirtyYears, Self::Permanent]
            .into_iter()
            .find(|term| term.code() == code)
            .ok_or(Malformed::new("retention term", "unknown number"))
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row() {
        assert_eq!(Kind::all().count(), KINDS.len());
        for kind in Kind::all() {
            assert_eq!(Kind::parse(kind.as_str()), Ok(kind));
            assert_eq!(Term::from_code(kind.term().code()), Ok(kind.term()));
        }
    }
}
