//! What a receipt is worth: the arithmetic of `receipts` put together with the certificates of `certs`.
//! Offline; needs the receipt and the pin. Documents are compared by the verdict.

use certs::{Judged as Certified, PracticeTrust, Profile, Rejection, judge, judge_past};
use model::Pin;
use receipts::Receipt;
use receipts::verify::{Chain, Judged, LaterRevocations, Property, Verdict, examine};

/// Judges a receipt. `known` is what this device trusts of the practice, where it does: then also root records that
/// came after the receipt are asked.
pub fn verdict(receipt: &Receipt, pin: Option<Pin>, known: Option<&PracticeTrust>) -> Verdict {
    let examined = examine(receipt, None, pin);
    let walked = match examined.root_records() {
        Some((records, pin)) => PracticeTrust::walk(records, Some(&pin)).map_err(|error| error.to_string()),
        None => Err("no pin".to_owned()),
    };
    let known = known.filter(|known| Some(known.pin()) == pin);
    let roots = match &walked {
        Ok(trust) => consistent(trust, known),
        Err(why) => Judged::Bad(why.clone()),
    };
    // A receipt can be of a record that this device has not heard of yet: then its own records are the later ones.
    let is_later = |known: &&PracticeTrust| walked.as_ref().is_ok_and(|own| known.number() >= own.number());
    let later = known.filter(is_later);
    let chains = examined.chains().map(|chain| match &walked {
        Ok(trust) => match judge_chain(trust, &chain) {
            Judged::Good => later.map_or(Judged::Good, |later| judge_chain_past(later, &chain)),
            bad => bad,
        },
        Err(why) => Judged::Bad(why.clone()),
    });
    let asked = match later {
        Some(_) => LaterRevocations::Checked,
        None => LaterRevocations::NotChecked,
    };
    examined.verdict(roots, chains, asked)
}

/// The records in the receipt and those that we hold are one chain.
fn consistent(inside: &PracticeTrust, known: Option<&PracticeTrust>) -> Judged {
    let Some(known) = known else { return Judged::Good };
    let same = inside.records().iter().zip(known.records()).all(|(one, other)| one.bytes() == other.bytes());
    match same {
        true => Judged::Good,
        false => Judged::Bad("its root records are not those that this device holds".to_owned()),
    }
}

fn judge_chain(trust: &PracticeTrust, chain: &Chain<'_>) -> Judged {
    judge_by(chain, |ders, profile| judge(trust, ders, profile, chain.time))
}

/// By records that came later: what was signed under a root that is withdrawn by now stays what it was.
fn judge_chain_past(trust: &PracticeTrust, chain: &Chain<'_>) -> Judged {
    judge_by(chain, |ders, profile| judge_past(trust, ders, profile, chain.time))
}

fn judge_by(chain: &Chain<'_>, by: impl Fn(&[&[u8]], Profile) -> Result<Certified, Rejection>) -> Judged {
    let profile = match chain.property {
        Property::Origin => Profile::Signer,
        Property::Logged => Profile::Receipts,
        _ => Profile::Statements,
    };
    let ders: Vec<&[u8]> =
        std::iter::once(chain.leaf).chain(chain.issuing.iter().map(Vec::as_slice)).collect();
    match by(&ders, profile) {
        Ok(judged) if judged.uri == chain.uri => Judged::Good,
        Ok(_) => Judged::Bad("the certificate is somebody else's".to_owned()),
        Err(rejection) => Judged::Bad(rejection.to_string()),
    }
}
