//! The companion's home: where it is, and the practices in it. Not what is in a practice's folder (see `practice`).
//!
//! ```text
//! <home>/practices/<practice id>/     one folder a practice, see `practice`
//! <home>/enrolling/<number>/          an enrolment that has not ended, see `enrol`
//! ```

use std::path::{Path, PathBuf};

use console::failure;
use host::{Clock, Disk, FolderLock};
use model::{PracticeId, Timestamp};

use crate::practice::Practice;
use crate::trouble::{self, Told};

/// The variable that names the home where no flag does.
pub const HOME_VARIABLE: &str = "COUNTERFOIL_HOME";

/// The companion's home.
#[derive(Clone)]
pub struct Home {
    disk: Disk,
    clock: Clock,
    folder: PathBuf,
}

impl Home {
    /// The home that the flag names, or the environment, or the system's folder for programs' data. It is made when
    /// the first device is enrolled, not here.
    ///
    /// # Errors
    /// `home-unusable` where none of the three names one.
    pub fn find(flag: Option<&Path>, disk: Disk, clock: Clock) -> Told<Self> {
        let named = flag.map(Path::to_path_buf);
        let variable =
            || std::env::var_os(HOME_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let system = || {
            directories::ProjectDirs::from("", "", "counterfoil")
                .map(|found| found.data_local_dir().to_path_buf())
        };
        let folder = named.or_else(variable).or_else(system);
        let folder =
            folder.ok_or_else(|| failure::home_unusable("-", console::Arg::Message("cause-no-home")))?;
        let folder = std::path::absolute(&folder).map_err(|error| failure::home_unusable(&folder, error))?;
        Ok(Self { disk, clock, folder })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The disk that it is on.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.clock.unix_ms())
    }

    /// Makes the home if it is not there and holds it while a device is enrolled.
    ///
    /// # Errors
    /// The disk's; `home-busy`.
    pub fn hold(&self) -> Told<FolderLock> {
        let _durable = self.disk.create_folder(&self.folder).map_err(|error| trouble::disk(&error))?;
        self.disk.lock(&self.folder.join("enrol.lock")).map_err(|error| match error {
            host::DiskError::Held { .. } => failure::home_busy(&self.folder),
            error => trouble::disk(&error),
        })
    }

    /// The folder of a practice, there or not.
    pub fn practice_folder(&self, practice: &PracticeId) -> PathBuf {
        self.folder.join("practices").join(practice.as_str())
    }

    /// The practices that this device is enrolled with, by name.
    ///
    /// # Errors
    /// The disk's; a folder whose files are damaged.
    pub fn practices(&self) -> Told<Vec<Practice>> {
        let folder = self.folder.join("practices");
        let names = match self.disk.list(&folder) {
            Ok(names) => names,
            Err(error) if error.is_absent() => return Ok(Vec::new()),
            Err(error) => return Err(failure::home_unusable(&folder, error.to_string())),
        };
        let mut practices = Vec::new();
        for name in names {
            let is_practice = name.to_str().is_some_and(|name| PracticeId::parse(name).is_ok());
            if is_practice {
                practices.push(Practice::open(&self.disk, &self.clock, &folder.join(name))?);
            }
        }
        practices.sort_by(|one, other| one.about().name.cmp(&other.about().name));
        Ok(practices)
    }

    /// The practice that `wanted` names, by name, id or pin; the only one where nothing is named.
    ///
    /// # Errors
    /// `not-enrolled`, `practice-unknown`, `practice-ambiguous`.
    pub fn select(&self, wanted: Option<&str>) -> Told<Practice> {
        let practices = self.practices()?;
        if practices.is_empty() {
            return Err(failure::not_enrolled(&self.folder));
        }
        let names = |practices: &[Practice]| {
            let one =
                |practice: &Practice| format!("{} ({})", practice.about().name, practice.about().practice);
            practices.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let mut found = practices;
        if let Some(wanted) = wanted {
            found.retain(|practice| {
                let about = practice.about();
                about.name == wanted || about.practice.as_str() == wanted || about.pin.to_string() == wanted
            });
        }
        match found.len() {
            0 => Err(failure::practice_unknown(wanted.unwrap_or("-"))),
            1 => found.pop().ok_or_else(|| failure::not_enrolled(&self.folder)),
            _ => Err(failure::practice_ambiguous(names(&found))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::practice::About;
    use console::FailureCode;

    #[test]
    fn one_practice_needs_no_name_and_two_do() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(Some(folder.path()), Disk::real(), Clock::manual(1)).unwrap();
        let code = |wanted: Option<&str>| home.select(wanted).err().unwrap().code();
        assert_eq!(code(None), FailureCode::NotEnrolled);
        let enrol = |id: &str, name: &str| {
            let practice = PracticeId::parse(id).unwrap();
            let folder = home.practice_folder(&practice);
            let about = About { practice, name: name.into(), ..crate::practice::tests::about() };
            let _ = home.disk().create_folder(&folder).unwrap();
            let _ = home.disk().create_whole(&folder.join("practice"), &about.encode()).unwrap();
        };
        enrol("7777777777777777", "one");
        assert_eq!(home.select(None).unwrap().about().name, "one");
        enrol("6666666666666666", "two");
        assert_eq!(code(None), FailureCode::PracticeAmbiguous);
        assert_eq!(code(Some("three")), FailureCode::PracticeUnknown);
        assert_eq!(home.select(Some("two")).unwrap().about().practice.as_str(), "6666666666666666");
        assert_eq!(home.select(Some("7777777777777777")).unwrap().about().name, "one");
    }
}
