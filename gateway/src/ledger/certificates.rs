//! Posting of certificates: what a device has, and when the ones before stop. A row once written stays: its key is
//! burnt for ever. Judges no chain and no time but that of the entry.
//!
//! ```text
//! DeviceBound      first ones: current
//! DeviceRenewed    current → old, the new one: fresh; a fresh one that was never used → superseded at once
//! CertificateUsed  fresh → current, old → superseded, admitted one day more
//! ```

use std::collections::BTreeMap;

use model::{DeviceId, limits};
use receipts::event::{BoundCertificate, CertificateUsed, DeviceBound, DeviceRenewed};

use super::post::{Draft, PostError, Posting, Registered};
use super::rows::{self, CertificateState, CertificateUse, key};

impl Draft<'_> {
    /// The certificates of a device, by their digest.
    ///
    /// # Errors
    /// The store's; a row that can not be read.
    pub fn certificates_of(
        &self,
        device: DeviceId,
    ) -> Result<BTreeMap<[u8; 32], rows::Certificate>, PostError> {
        let all = self.rows_below::<rows::Certificate>(&key::certificates_of(device))?;
        // What stands in the draft comes last, and counts.
        Ok(all.into_iter().map(|row| (*row.sha256, row)).collect())
    }

    pub(super) fn first_certificates(
        &mut self,
        posting: &Posting<'_>,
        bound: &DeviceBound,
    ) -> Result<(), PostError> {
        for (usage, certificate) in
            [(CertificateUse::Tls, &bound.tls), (CertificateUse::Signing, &bound.signing)]
        {
            let row = row(posting.entry, bound.device, usage, certificate, CertificateState::Current)?;
            self.put_certificate(bound.device, row);
        }
        Ok(())
    }

    pub(super) fn renewed(
        &mut self,
        posting: &Posting<'_>,
        renewed: &DeviceRenewed,
    ) -> Result<(), PostError> {
        let (entry, device) = (posting.entry, renewed.device);
        let _there: rows::Device = self.need(&key::device(device), entry, "device")?;
        let renews_signing = renewed.signing.is_some();
        for mut row in self.certificates_of(device)?.into_values() {
            let state = CertificateState::from_code(row.state);
            let renews = row.usage == CertificateUse::Tls.code() || renews_signing;
            let (state, until_ms) = match (state, renews) {
                (CertificateState::Current, true) => (CertificateState::Old, None),
                // Never used, and now it never will be.
                (CertificateState::Fresh, _) => (CertificateState::Superseded, Some(posting.time.unix_ms())),
                // Its fresh successor goes, so it is the newest again.
                (CertificateState::Old, false) => (CertificateState::Current, None),
                (state, _) => (state, row.until_ms),
            };
            if (state.code(), until_ms) != (row.state, row.until_ms) {
                (row.state, row.until_ms) = (state.code(), until_ms);
                self.put_certificate(device, row);
            }
        }
        let tls = row(entry, device, CertificateUse::Tls, &renewed.tls, CertificateState::Fresh)?;
        self.put_certificate(device, tls);
        if let Some(signing) = &renewed.signing {
            let signing = row(entry, device, CertificateUse::Signing, signing, CertificateState::Fresh)?;
            self.put_certificate(device, signing);
        }
        let renewal = rows::Renewal { entry, tls_key: (*renewed.tls.spki.as_bytes()).into() };
        self.put(key::renewal(device, &renewed.request), &renewal);
        Ok(())
    }

    pub(super) fn used(&mut self, posting: &Posting<'_>, used: &CertificateUsed) -> Result<(), PostError> {
        let at = key::certificate(used.device, &used.certificate);
        let row: rows::Certificate = self.need(&at, posting.entry, "certificate")?;
        if CertificateState::from_code(row.state) != CertificateState::Fresh {
            return Ok(());
        }
        let until_ms = posting.time.plus_seconds(limits::SUPERSEDED_SECONDS_MAX).unix_ms();
        for mut row in self.certificates_of(used.device)?.into_values() {
            let (state, until_ms) = match CertificateState::from_code(row.state) {
                CertificateState::Fresh => (CertificateState::Current, None),
                CertificateState::Old => (CertificateState::Superseded, Some(until_ms)),
                _ => continue,
            };
            (row.state, row.until_ms) = (state.code(), until_ms);
            self.put_certificate(used.device, row);
        }
        Ok(())
    }

    fn put_certificate(&mut self, device: DeviceId, row: rows::Certificate) {
        self.put(key::certificate(device, &model::Sha256Digest::from_bytes(*row.sha256)), &row);
        self.register(Registered::Certificate(row));
    }
}

fn row(
    entry: u64,
    device: DeviceId,
    usage: CertificateUse,
    bound: &BoundCertificate,
    state: CertificateState,
) -> Result<rows::Certificate, PostError> {
    let unread = || PostError::Certificate { entry };
    let certificate = certs::Certificate::read(bound.der.as_bytes()).map_err(|_| unread())?;
    Ok(rows::Certificate {
        sha256: (*bound.sha256.as_bytes()).into(),
        device: (*device.as_bytes()).into(),
        usage: usage.code(),
        serial: bound.serial.into(),
        key: (*bound.spki.as_bytes()).into(),
        not_after_ms: certificate.not_after().unix_ms(),
        issuer: certificate.issuer_key_id().ok_or_else(unread)?.into(),
        entry,
        state: state.code(),
        until_ms: None,
        not_before_ms: certificate.not_before().unix_ms(),
    })
}

#[cfg(test)]
#[path = "certificates_tests.rs"]
mod tests;
