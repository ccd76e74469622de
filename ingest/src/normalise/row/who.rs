//! Whose a row is and who is behind it: school, person, device, and the row of an admin event.

use std::net::IpAddr;

use weir_lake::batch::{EventBatch, NULL_ID};
use weir_lake::estate::{UserType, normalise_login};
use weir_lake::ids::SchoolId;
use weir_lake::names::{ClearName, Named};

use super::{Normaliser, UserEntry, WhoIds};
use crate::decoded::{Decoded, Field};
use crate::normalise::people::{Login, UserFields, is_nobody, user_type_name};
use crate::normalise::text::{device_name, plain};
use crate::normalise::time::When;
use crate::normalise::{AdminRow, admin};

/// The range that an address stands for in a rule: a school's subnet, no single machine.
fn client_range(address: &str) -> Option<String> {
    match address.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Some(format!("{a}.{b}.{c}.0/24"))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            Some(format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
        }
    }
}

impl Normaliser {
    /// Whose a row is and who is behind it; none where no rule finds a school.
    #[inline]
    pub(super) fn who(&mut self, decoded: &Decoded, date: i32, batch: &mut EventBatch) -> Option<WhoIds> {
        let alike = decoded.alike;
        match self.who_seen.get(alike.epoch, alike.who, date) {
            Some(ids) => Some(ids),
            None => self.who_afresh(decoded, date, batch),
        }
    }

    fn who_afresh(&mut self, decoded: &Decoded, date: i32, batch: &mut EventBatch) -> Option<WhoIds> {
        let school = self.find_school(decoded)?;
        let user = self.user(decoded, school, date, batch);
        self.names_people |= user.user_key != NULL_ID;
        self.contradicts |= user.contradicts;
        let device = self.device(decoded, school, batch);
        let src_ip = self.src_ip(decoded.text(Field::SrcIp), batch);
        let user_group = self.last.user_group.id(&mut batch.user_group, decoded.text(Field::UserGroup), plain);
        let profile = self.last.profile.id(&mut batch.profile, decoded.text(Field::Profile), plain);
        let ids = WhoIds { school, user, device, user_group, profile, src_ip };
        self.who_seen.insert(decoded.alike.epoch, decoded.alike.who, date, ids);
        Some(ids)
    }

    pub(super) fn find_school(&mut self, decoded: &Decoded) -> Option<u16> {
        let file = self.file.as_ref()?;
        if file.schools_of.is_one() {
            return file.numbers.first().copied();
        }
        const NO_SCHOOL: u16 = u16::MAX;
        let parts = [Field::SrcIp, Field::UserGroup, Field::Profile, Field::Site].map(|field| decoded.text(field));
        let found = match self.school_of.get_joined(parts, &mut self.key) {
            Some(found) => found,
            None => {
                let found = file.schools_of.find(decoded).and_then(|index| file.numbers.get(index).copied());
                let found = found.unwrap_or(NO_SCHOOL);
                self.school_of.insert(&self.key, found);
                found
            }
        };
        (found != NO_SCHOOL).then_some(found)
    }

    /// What a `school_map` rule could go by to find a line's school, as JSON; none where a line says nothing of it. A text that holds
    /// the line's log-in is left out: some products write a person's own name for a group.
    pub(crate) fn unclaimed(&self, decoded: &Decoded) -> Option<String> {
        let text = |field| String::from_utf8_lossy(decoded.text(field)).trim().to_owned();
        let user = text(Field::User);
        let login = normalise_login(&user).filter(|_| !is_nobody(&user)).map(|login| login.name.reveal_in_clear().to_lowercase());
        let is_own = |text: &str| login.as_deref().is_some_and(|login| text.to_lowercase().contains(login));
        let range = client_range(&text(Field::SrcIp));
        let words = [("group", Field::UserGroup), ("profile", Field::Profile), ("site", Field::Site)]
            .map(|(name, field)| (name, Some(text(field)).filter(|text| !matches!(text.as_str(), "" | "-") && !is_own(text))));
        let facts: serde_json::Map<String, serde_json::Value> = std::iter::once(("src_ip", range))
            .chain(words)
            .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
            .collect();
        (!facts.is_empty()).then(|| serde_json::Value::Object(facts).to_string())
    }

    /// The school a line is of, where one can be told.
    pub(crate) fn school_of(&mut self, decoded: &Decoded) -> Option<&SchoolId> {
        let number = self.find_school(decoded)?;
        self.schools.get(usize::from(number))
    }

    pub(super) fn user(&mut self, decoded: &Decoded, school: u16, date: i32, batch: &mut EventBatch) -> UserEntry {
        let [name, domain, group, profile] =
            [Field::User, Field::UserDomain, Field::UserGroup, Field::Profile].map(|field| decoded.text(field));
        let (number, day) = (school.to_le_bytes(), date.to_le_bytes());
        let parts = [number.as_slice(), day.as_slice(), name, domain, group, profile];
        if let Some(entry) = self.users.get_joined(parts, &mut self.key) {
            return entry;
        }
        let [name, domain, group, profile] = [name, domain, group, profile].map(String::from_utf8_lossy);
        let school = &self.schools[usize::from(school)];
        let fields = UserFields { user: &name, domain: &domain, group: &group, profile: &profile };
        let who = self.people.who(school, fields, date);
        let mut entry = UserEntry {
            user_key: NULL_ID,
            user_type: batch.user_type.strings.intern(user_type_name(who.user_type).as_bytes()),
            year_group: who.year_group.map_or(NULL_ID, |year| batch.year_group.strings.intern(year.as_bytes())),
            device_key: NULL_ID,
            contradicts: who.contradicts,
        };
        if let Some(login) = who.login {
            match who.user_type {
                // A sign-in of many identifies nobody.
                UserType::Shared => {}
                UserType::Device => {
                    let name = login.name.strip_suffix('$').unwrap_or(&login.name).to_owned();
                    let key = self.pseudonyms.key(school, Named::Device, "", &ClearName::new(name));
                    entry.device_key = batch.device_key.strings.intern(key.as_str().as_bytes());
                }
                UserType::Pupil | UserType::Staff | UserType::Guest | UserType::Unknown => {
                    let Login { name, realm } = login;
                    let key = self.pseudonyms.key(school, Named::Person, &realm, &ClearName::new(name));
                    entry.user_key = batch.user_key.strings.intern(key.as_str().as_bytes());
                }
            }
        }
        self.users.insert(&self.key, entry);
        entry
    }

    pub(super) fn device(&mut self, decoded: &Decoded, school: u16, batch: &mut EventBatch) -> u32 {
        let raw = decoded.text(Field::Device);
        if raw.is_empty() {
            return NULL_ID;
        }
        if let Some(id) = self.devices.get_joined([&school.to_le_bytes(), raw], &mut self.key) {
            return id;
        }
        let id = match device_name(raw) {
            None => NULL_ID,
            Some(name) => {
                let school = &self.schools[usize::from(school)];
                let key = self.pseudonyms.key(school, Named::Device, "", &ClearName::new(name));
                batch.device_key.strings.intern(key.as_str().as_bytes())
            }
        };
        self.devices.insert(&self.key, id);
        id
    }

    /// The normalised log-in of a row, for `inspect` on the technician's own screen only.
    pub fn user_in_clear(&self, decoded: &Decoded) -> Option<ClearName> {
        let user = String::from_utf8_lossy(decoded.text(Field::User));
        let named = if is_nobody(&user) { self.people.only()? } else { user.as_ref() };
        normalise_login(named).map(|login| login.name)
    }

    /// The normalised device name of a row, for `inspect` only.
    pub fn device_in_clear(&self, decoded: &Decoded) -> Option<ClearName> {
        device_name(decoded.text(Field::Device)).map(ClearName::new)
    }

    /// The row of an admin event; names go to the vault and come back as keys.
    pub fn admin(&mut self, decoded: &Decoded, when: When, line_no: i64) -> AdminRow {
        let number = self.find_school(decoded);
        let school = number.map(|number| self.schools[usize::from(number)].clone());
        let text = |field| {
            self.text.clear();
            plain(decoded.text(field), &mut self.text).then(|| String::from_utf8_lossy(&self.text).into_owned())
        };
        let [actor, user, domain, operation, object, detail] =
            [Field::Actor, Field::User, Field::UserDomain, Field::Operation, Field::Object, Field::Detail].map(text);
        let domain = domain.unwrap_or_default();
        let mut known = Vec::new();
        for name in [&actor, &user].into_iter().flatten().filter(|name| !is_nobody(name)) {
            known.extend(normalise_login(name).map(|login| login.name.reveal_in_clear().to_owned()));
            known.push(name.clone());
        }
        let (people, pseudonyms) = (&mut self.people, &mut self.pseudonyms);
        let mut key_of = |name: &str| {
            let school = school.as_ref()?;
            let fields = UserFields { user: name, domain: &domain, ..UserFields::default() };
            let Login { name, realm } = people.who(school, fields, when.date).login?;
            Some(pseudonyms.key(school, Named::Person, &realm, &ClearName::new(name)))
        };
        let actor_key = actor.as_deref().or(user.as_deref()).and_then(&mut key_of);
        // Without a school there is no key; the name must go all the same.
        let mut in_text = |name: &str| Some(key_of(name).map_or_else(|| String::from("(name)"), |key| key.to_string()));
        let object = object.map(|object| admin::with_keys(&object, &known, &mut in_text));
        let detail = detail.map(|detail| admin::with_keys(&detail, &known, &mut in_text));
        AdminRow {
            event_time: when.micros_utc,
            event_date: when.date,
            actor_key,
            operation: operation.unwrap_or_else(|| String::from("configuration")),
            object,
            detail,
            line_no,
            school_id: school,
        }
    }
}
