//! What the offline root is asked to sign, and what it answers: two files that carry nothing secret. The root signs
//! what is here and nothing else; whoever holds it is told in words what that is. Reads and writes no file itself.
//!
//! ```text
//! request  {0: 1, 1: practice id, 2: what, 3: rotation, 4: generation, ? 5: SPKI of the new issuing authority,
//!           6: [root records 1..n], 7: [issuing certificates concerned], 8: time, ? 9: [roots' revocation lists]}
//! answer   {0: 1, 1: practice id, 2: what, 3: rotation, 4: [issuing certificates], ? 5: new root, ? 6: cross,
//!           7: [root records n + 1..], ? 8: [roots' revocation lists]}
//! ```

use model::{Malformed, PracticeId, Timestamp};

use crate::codec::{self, Seen, Writer};
use crate::root_record::{Next, ROOT_RECORD_BYTES_MAX};
use crate::{
    Certificate, CertsError, PracticeTrust, PrivateKey, Profile, PublicKey, Root, RootRecord, TrustError,
};

mod lists;

/// Largest request or answer, in bytes.
pub const CEREMONY_BYTES_MAX: usize = 256 * 1024;

/// Issuing certificates in one request or answer.
const ISSUING_MAX: usize = 8;
/// Records that one answer brings.
const RECORDS_MAX: usize = 2;

const REQUEST: &str = "request to the root";
const ANSWER: &str = "root's answer";

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A new issuing authority under the root.
    Issuing = 1,
    /// The next root: the spare's key. Needs root and spare.
    Root = 2,
    /// The next root, the old one being stolen: by the spare alone, nothing of the old one is left.
    RootStolen = 3,
    /// A new issuing authority, the old one's key being stolen. Needs root and spare.
    IssuingStolen = 4,
}

impl What {
    const fn of(code: u64) -> Option<Self> {
        match code {
            1 => Some(Self::Issuing),
            2 => Some(Self::Root),
            3 => Some(Self::RootStolen),
            4 => Some(Self::IssuingStolen),
            _ => None,
        }
    }

    /// Whether the root's own key is needed.
    pub const fn needs_root(self) -> bool {
        !matches!(self, Self::RootStolen)
    }

    /// Whether the spare's key is needed.
    pub const fn needs_spare(self) -> bool {
        !matches!(self, Self::Issuing)
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The practice.
    pub practice: PracticeId,
    /// What is asked.
    pub what: What,
    /// For which rotation.
    pub rotation: [u8; 16],
    /// The number of the new root or issuing authority.
    pub generation: u32,
    /// The new issuing authority's key.
    pub issuing_key: Option<PublicKey>,
    /// The root records, from the first.
    pub records: Vec<Vec<u8>>,
    /// The issuing certificates that the new root certifies again; of a stolen key those that are revoked.
    pub issuing: Vec<Certificate>,
    /// When it was asked, to the second.
    pub asked: Timestamp,
    /// The newest revocation lists of the roots in force, in DER.
    pub lists: Vec<Vec<u8>>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The practice.
    pub practice: PracticeId,
    /// What was asked.
    pub what: What,
    /// For which rotation.
    pub rotation: [u8; 16],
    /// New issuing certificates.
    pub issuing: Vec<Certificate>,
    /// The new root.
    pub root: Option<Certificate>,
    /// The new root under the old one.
    pub cross: Option<Certificate>,
    /// Records that follow. The second of two is for the end of the rotation: without the old root.
    pub records: Vec<RootRecord>,
    /// New revocation lists of the roots that have signed, in DER.
    pub lists: Vec<Vec<u8>>,
}

/// What a ceremony gives.
pub struct Signed {
    /// For the gateway.
    pub answer: Answer,
    /// The new root, for its holder to seal.
    pub root: Option<Root>,
    /// The new spare, for its holder to seal; the one before is used up.
    pub spare: Option<PrivateKey>,
}

/// Why the root does not sign, or its answer is not taken.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    /// The answer is not to this request.
    #[error("the answer belongs to another request")]
    OtherRequest,
    /// The root is not one in force by the request's records, or it is needed and not there.
    #[error("this is not the practice's root in force")]
    NotTheRoot,
    /// The spare is not the one that the newest record commits to, or it is needed and not there.
    #[error("this is not the spare that the practice has committed to")]
    NotTheSpare,
    /// A certificate in the answer is not what was asked for.
    #[error("a certificate in the answer is not what was asked for")]
    NotAsAsked,
    /// Keys and certificates.
    #[error(transparent)]
    Certs(#[from] CertsError),
    /// The records do not hold.
    #[error("root records: {0}")]
    Trust(#[from] TrustError),
    /// Bytes are not what they should be.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Signs what is asked, with the keys at hand.
///
/// # Errors
/// [`CeremonyError`]: nothing was signed that may be used.
pub fn sign(
    request: &Request,
    root: Option<&Root>,
    spare: Option<PrivateKey>,
    now: Timestamp,
) -> Result<Signed, CeremonyError> {
    let trust = PracticeTrust::walk(&request.records, None)?;
    if *trust.practice() != request.practice {
        return Err(TrustError::OtherPractice.into());
    }
    let root = root.filter(|root| trust.roots().contains(root.certificate()));
    let spare = spare.filter(|spare| spare.key_hash() == trust.newest().committed());
    let now = now.max(trust.newest().issued());
    let mut answer = Answer {
        practice: request.practice.clone(),
        what: request.what,
        rotation: request.rotation,
        issuing: Vec::new(),
        root: None,
        cross: None,
        records: Vec::new(),
        lists: Vec::new(),
    };
    let issuing_key = || request.issuing_key.as_ref().ok_or(Malformed::new(REQUEST, "it has no key"));
    match (request.what, root, spare) {
        (What::Issuing, Some(root), _) => {
            answer.issuing = vec![root.certify(issuing_key()?, request.generation, now)?];
            answer.lists = vec![lists::next(root, request, now)?];
            Ok(Signed { answer, root: None, spare: None })
        }
        (What::IssuingStolen, Some(root), Some(spare)) => {
            answer.issuing = vec![root.certify(issuing_key()?, request.generation, now)?];
            let fresh = PrivateKey::generate()?;
            let revokes: Vec<_> = request.issuing.iter().map(Certificate::key_hash).collect();
            let roots: Vec<_> = trust.roots().iter().collect();
            let next = Next { roots: &roots, committed: fresh.key_hash(), revokes: &revokes, issued: now };
            answer.records = vec![trust.newest().follow(&next, &[root.key(), &spare])?];
            answer.lists = vec![lists::next(root, request, now)?];
            Ok(Signed { answer, root: None, spare: Some(fresh) })
        }
        (What::Root, Some(old), Some(spare)) => {
            let new = Root::succeed(request.practice.clone(), spare, request.generation, now)?;
            let (between, fresh) = (PrivateKey::generate()?, PrivateKey::generate()?);
            let both: Vec<_> = trust.roots().iter().chain([new.certificate()]).collect();
            let next = Next { roots: &both, committed: between.key_hash(), revokes: &[], issued: now };
            let first = trust.newest().follow(&next, &[old.key(), new.key()])?;
            let alone = [new.certificate()];
            let next = Next { roots: &alone, committed: fresh.key_hash(), revokes: &[], issued: now };
            let second = first.follow(&next, &[new.key(), &between])?;
            answer.cross = Some(old.cross(new.certificate(), now)?);
            answer.records = vec![first, second];
            answer.lists = vec![lists::next(old, request, now)?, lists::next(&new, request, now)?];
            again_under(&new, request, &mut answer, now)?;
            Ok(Signed { answer, root: Some(new), spare: Some(fresh) })
        }
        (What::RootStolen, _, Some(spare)) => {
            let new = Root::succeed(request.practice.clone(), spare, request.generation, now)?;
            let fresh = PrivateKey::generate()?;
            let alone = [new.certificate()];
            let next = Next { roots: &alone, committed: fresh.key_hash(), revokes: &[], issued: now };
            answer.records = vec![trust.newest().follow(&next, &[new.key()])?];
            answer.lists = vec![lists::next(&new, request, now)?];
            again_under(&new, request, &mut answer, now)?;
            Ok(Signed { answer, root: Some(new), spare: Some(fresh) })
        }
        (what, None, _) if what.needs_root() => Err(CeremonyError::NotTheRoot),
        _ => Err(CeremonyError::NotTheSpare),
    }
}

fn again_under(
    new: &Root,
    request: &Request,
    answer: &mut Answer,
    now: Timestamp,
) -> Result<(), CeremonyError> {
    let again = request.issuing.iter().map(|issuing| new.recertify(issuing, now));
    answer.issuing = again.collect::<Result<_, _>>()?;
    answer.root = Some(new.certificate().clone());
    Ok(())
}

impl Request {
    /// Writes it.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        let optional = usize::from(self.issuing_key.is_some()) + usize::from(!self.lists.is_empty());
        out.map(8 + optional).uint(0).uint(1);
        out.uint(1).text(self.practice.as_str()).uint(2).uint(self.what as u64);
        out.uint(3).bytes(&self.rotation).uint(4).uint(self.generation.into());
        if let Some(key) = &self.issuing_key {
            out.uint(5).bytes(key.spki_der());
        }
        out.uint(6).list(&self.records).uint(7).list(&self.issuing);
        out.uint(8).uint(self.asked.unix_seconds());
        if !self.lists.is_empty() {
            out.uint(9).list(&self.lists);
        }
        out.finish()
    }

    /// Reads one. Whether its records hold is found out when it is signed.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        const ABSENT: Malformed = Malformed::new(REQUEST, "a member is absent");
        let (mut version, mut practice, mut what, mut rotation) = (None, None, None, None);
        let (mut generation, mut key, mut asked) = (None, None, None);
        let (mut records, mut issuing, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        codec::read_map(REQUEST, bytes, CEREMONY_BYTES_MAX, &mut |member, decoder| {
            match member {
                0 => version = Some(decoder.u64()?),
                1 => practice = Some(decoder.str()?),
                2 => what = What::of(decoder.u64()?),
                3 => rotation = Some(codec::fixed::<16>(decoder)?),
                4 => generation = u32::try_from(decoder.u64()?).ok(),
                5 => key = Some(decoder.bytes()?),
                6 => records = codec::byte_list(decoder, model::limits::ROOT_RECORDS_MAX)?,
                7 => issuing = codec::byte_list(decoder, ISSUING_MAX)?,
                8 => asked = Some(decoder.u64()?),
                9 => lists = codec::byte_list(decoder, lists::LISTS_MAX)?,
                _ => return Ok(Seen::Unknown),
            }
            Ok(Seen::Known)
        })?;
        if version != Some(1) {
            return Err(Malformed::new(REQUEST, "its version is unknown"));
        }
        let key = key.map(PublicKey::from_spki).transpose();
        Ok(Self {
            practice: PracticeId::parse(practice.ok_or(ABSENT)?)?,
            what: what.ok_or(ABSENT)?,
            rotation: rotation.ok_or(ABSENT)?,
            generation: generation.ok_or(ABSENT)?,
            issuing_key: key.map_err(|_| Malformed::new(REQUEST, "its key is none of ours"))?,
            records: records.into_iter().map(<[u8]>::to_vec).collect(),
            issuing: certificates(REQUEST, issuing, Profile::Issuing)?,
            asked: Timestamp::from_unix_seconds(asked.ok_or(ABSENT)?),
            lists: lists.into_iter().map(<[u8]>::to_vec).collect(),
        })
    }
}

impl Answer {
    /// Writes it.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        let optional = [self.root.is_some(), self.cross.is_some(), !self.lists.is_empty()];
        out.map(6 + optional.into_iter().filter(|there| *there).count()).uint(0).uint(1);
        out.uint(1).text(self.practice.as_str()).uint(2).uint(self.what as u64);
        out.uint(3).bytes(&self.rotation).uint(4).list(&self.issuing);
        if let Some(root) = &self.root {
            out.uint(5).bytes(root.der());
        }
        if let Some(cross) = &self.cross {
            out.uint(6).bytes(cross.der());
        }
        out.uint(7).list(&self.records);
        if !self.lists.is_empty() {
            out.uint(8).list(&self.lists);
        }
        out.finish()
    }

    /// Reads one. Whether it is to be taken is for [`Answer::check`] to say.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        const ABSENT: Malformed = Malformed::new(ANSWER, "a member is absent");
        let (mut version, mut practice, mut what, mut rotation) = (None, None, None, None);
        let (mut root, mut cross) = (Vec::new(), Vec::new());
        let (mut records, mut issuing, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        codec::read_map(ANSWER, bytes, CEREMONY_BYTES_MAX, &mut |member, decoder| {
            match member {
                0 => version = Some(decoder.u64()?),
                1 => practice = Some(decoder.str()?),
                2 => what = What::of(decoder.u64()?),
                3 => rotation = Some(codec::fixed::<16>(decoder)?),
                4 => issuing = codec::byte_list(decoder, ISSUING_MAX)?,
                5 => root = vec![decoder.bytes()?],
                6 => cross = vec![decoder.bytes()?],
                7 => records = codec::byte_list(decoder, RECORDS_MAX)?,
                8 => lists = codec::byte_list(decoder, lists::LISTS_MAX)?,
                _ => return Ok(Seen::Unknown),
            }
            Ok(Seen::Known)
        })?;
        if version != Some(1) || records.iter().any(|record| record.len() > ROOT_RECORD_BYTES_MAX) {
            return Err(Malformed::new(ANSWER, "its version is unknown"));
        }
        Ok(Self {
            practice: PracticeId::parse(practice.ok_or(ABSENT)?)?,
            what: what.ok_or(ABSENT)?,
            rotation: rotation.ok_or(ABSENT)?,
            issuing: certificates(ANSWER, issuing, Profile::Issuing)?,
            root: certificates(ANSWER, root, Profile::Root)?.pop(),
            cross: certificates(ANSWER, cross, Profile::Root)?.pop(),
            records: records.into_iter().map(RootRecord::read).collect::<Result<_, _>>()?,
            lists: lists.into_iter().map(<[u8]>::to_vec).collect(),
        })
    }

    /// Holds an answer against what was asked: nothing else may be in it, and all of it must hold.
    ///
    /// # Errors
    /// [`CeremonyError`].
    pub fn check(&self, request: &Request, now: Timestamp) -> Result<(), CeremonyError> {
        let trust = PracticeTrust::walk(&request.records, None)?;
        let asked = (&request.practice, request.what, request.rotation);
        if (&self.practice, self.what, self.rotation) != asked {
            return Err(CeremonyError::OtherRequest);
        }
        let all: Vec<&[u8]> = request
            .records
            .iter()
            .map(Vec::as_slice)
            .chain(self.records.iter().map(RootRecord::bytes))
            .collect();
        let pin = trust.pin();
        let after = PracticeTrust::walk(&all, Some(&pin))?;
        let wanted_records = match self.what {
            What::Issuing => 0,
            What::IssuingStolen | What::RootStolen => 1,
            What::Root => 2,
        };
        let signer = match self.what {
            What::Issuing | What::IssuingStolen => {
                let issuing = self.issuing.first().ok_or(CeremonyError::NotAsAsked)?;
                let signers = trust.roots().iter();
                signers.clone().find(|root| issuing.is_issued_by(root)).ok_or(CeremonyError::NotTheRoot)?
            }
            What::Root | What::RootStolen => self.root.as_ref().ok_or(CeremonyError::NotAsAsked)?,
        };
        let name = format!("Counterfoil issuing {} i{}", request.practice, request.generation);
        let issuing_fits = match self.what {
            What::Issuing | What::IssuingStolen => {
                let asked = request.issuing_key.as_ref();
                matches!(&self.issuing[..], [one] if Some(one.public_key()) == asked && one.common_name() == name)
            }
            What::Root | What::RootStolen => {
                let same = |(one, other): (&Certificate, &Certificate)| {
                    one.public_key() == other.public_key() && one.common_name() == other.common_name()
                };
                self.issuing.len() == request.issuing.len()
                    && self.issuing.iter().zip(&request.issuing).all(same)
                    && after.roots() == std::slice::from_ref(signer)
                    && trust.newest().committed() == signer.key_hash()
            }
        };
        let all_signed =
            self.issuing.iter().all(|issuing| issuing.is_issued_by(signer) && issuing.is_in_force(now));
        let cross_fits = match (self.what, &self.cross) {
            (What::Root, Some(cross)) => {
                cross.public_key() == signer.public_key()
                    && trust.roots().iter().any(|old| cross.is_issued_by(old))
            }
            (What::Root, None) => false,
            (_, cross) => cross.is_none(),
        };
        let revoked = match self.what {
            What::IssuingStolen => request.issuing.iter().all(|one| after.revokes_issuing(&one.key_hash())),
            _ => true,
        };
        let signs: Vec<&Certificate> = match self.what {
            // The old one has signed the new one across.
            What::Root => {
                let cross = self.cross.as_ref();
                let old =
                    trust.roots().iter().filter(|old| cross.is_some_and(|cross| cross.is_issued_by(old)));
                old.take(1).chain([signer]).collect()
            }
            _ => vec![signer],
        };
        let lists_fit = lists::fit(&self.lists, request, &signs);
        let fits = lists_fit
            && issuing_fits
            && all_signed
            && cross_fits
            && revoked
            && self.records.len() == wanted_records;
        match fits {
            true => Ok(()),
            false => Err(CeremonyError::NotAsAsked),
        }
    }
}

fn certificates(
    what: &'static str,
    all: Vec<&[u8]>,
    profile: Profile,
) -> Result<Vec<Certificate>, Malformed> {
    let read = |der: &[u8]| Certificate::read(der).ok().filter(|one| one.has_profile(profile).is_ok());
    let all: Option<Vec<_>> = all.into_iter().map(read).collect();
    all.ok_or(Malformed::new(what, "a certificate in it is not of its profile"))
}

#[cfg(test)]
#[path = "ceremony_tests.rs"]
mod tests;
