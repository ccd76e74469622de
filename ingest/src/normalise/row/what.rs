//! What a row asked for: host, referrer and the vendor's categories, remembered by their raw bytes.

use weir_lake::batch::{EventBatch, NULL_ID};

use super::{CategoryEntry, HostEntry, NO_HOST, NONE, Normaliser, WhatIds};
use crate::decoded::{Decoded, Field, Kind};
use crate::normalise::furniture::Answer;
use crate::normalise::text::{address, media_type, plain, upper};
use crate::normalise::{search, url};

/// Lists of unmapped names told apart. More are free text in a category's column, and one line for them is enough.
const MOST_UNMAPPED: usize = 1000;

impl Normaliser {
    /// What was asked for, the address apart.
    #[inline]
    pub(super) fn what(&mut self, decoded: &Decoded, batch: &mut EventBatch) -> WhatIds {
        let alike = decoded.alike;
        // A monitor's finding takes its category from a text that rows alike need not share.
        let number = if decoded.kind == Kind::Concern { 0 } else { alike.what };
        let ids = match self.what_seen.get(alike.epoch, number, 0) {
            Some(ids) => ids,
            None => {
                let ids = self.what_afresh(decoded, batch);
                self.what_seen.insert(alike.epoch, number, 0, ids);
                ids
            }
        };
        if ids.category.unmapped > 0 {
            self.unmapped[ids.category.unmapped as usize - 1].1 += 1;
        }
        ids
    }

    fn what_afresh(&mut self, decoded: &Decoded, batch: &mut EventBatch) -> WhatIds {
        let category = self.category(decoded, batch);
        let last = &mut self.last;
        let raw = |field| decoded.text(field);
        WhatIds {
            rule: last.rule.id(&mut batch.rule, raw(Field::Rule), plain),
            method: last.method.id(&mut batch.method, raw(Field::Method), upper),
            content_type: last.content_type.id(&mut batch.content_type, raw(Field::ContentType), media_type),
            app: last.app.id(&mut batch.app, raw(Field::App), plain),
            category,
            answer: Answer::of(raw(Field::Method), raw(Field::ContentType)),
        }
    }

    pub(super) fn host(&mut self, raw: &[u8], batch: &mut EventBatch) -> HostEntry {
        if raw.is_empty() {
            return NO_HOST;
        }
        if let Some(entry) = self.hosts.get(raw) {
            return entry;
        }
        url::clean_host(raw, &mut self.text);
        let host = self.text.as_slice();
        let entry = if host.is_empty() || host == b"-" {
            NO_HOST
        } else {
            let domain = url::registrable_domain(host);
            HostEntry {
                host: batch.host.strings.intern(host),
                domain: domain.map_or(NULL_ID, |domain| batch.domain.strings.intern(domain)),
                engine: search::engine_of(host, domain).unwrap_or(NONE),
                own_category: std::str::from_utf8(host).ok().and_then(|host| self.reference.taxonomies.own(host)).unwrap_or(NONE),
            }
        };
        self.hosts.insert(raw, entry);
        entry
    }

    pub(super) fn referrer(&mut self, raw: &[u8], batch: &mut EventBatch) -> u32 {
        if raw.is_empty() {
            return NULL_ID;
        }
        let host = url::split(raw).host;
        if host.is_empty() || host == b"-" {
            return NULL_ID;
        }
        if let Some(id) = self.referrers.get(host) {
            return id;
        }
        url::clean_host(host, &mut self.text);
        let id = url::registrable_domain(&self.text).map_or(NULL_ID, |domain| batch.referrer_domain.strings.intern(domain));
        self.referrers.insert(host, id);
        id
    }

    pub(super) fn category(&mut self, decoded: &Decoded, batch: &mut EventBatch) -> CategoryEntry {
        let mut names = decoded.text(Field::VendorCategory);
        let ids = decoded.text(Field::VendorCategoryId);
        if names.is_empty() && decoded.kind == Kind::Concern {
            names = decoded.text(Field::Concern);
        }
        if names.is_empty() && ids.is_empty() {
            return CategoryEntry { vendor_category: NULL_ID, mapped: None, unmapped: 0 };
        }
        match self.categories.get_joined([names, ids], &mut self.key) {
            Some(entry) => entry,
            None => {
                let (names, ids) = (String::from_utf8_lossy(names), String::from_utf8_lossy(ids));
                let mut unknown = Vec::new();
                let taxonomies = &self.reference.taxonomies;
                let mapped = taxonomies.map(self.vendor.as_deref(), &names, &ids, &mut |name| unknown.push(name.to_owned()));
                let unmapped = self.unmapped_list(unknown);
                self.text.clear();
                // A bare number is no word of the vendor's; it is kept only where nothing says what it means.
                let has_text =
                    plain(names.as_bytes(), &mut self.text) || (mapped.is_none() && plain(ids.as_bytes(), &mut self.text));
                let vendor_category = if has_text { batch.vendor_category.strings.intern(&self.text) } else { NULL_ID };
                let entry = CategoryEntry { vendor_category, mapped, unmapped };
                self.categories.insert(&self.key, entry);
                entry
            }
        }
    }

    /// The number, plus one, of a list of unmapped names; 0 for an empty one.
    fn unmapped_list(&mut self, names: Vec<String>) -> u32 {
        if names.is_empty() {
            return 0;
        }
        let names = if self.unmapped.len() < MOST_UNMAPPED { names } else { vec![String::from("(others)")] };
        let number = self.unmapped.iter().position(|(known, _)| *known == names).unwrap_or_else(|| {
            self.unmapped.push((names, 0));
            self.unmapped.len() - 1
        });
        number as u32 + 1
    }

    /// A client's address; a school has thousands, so the last one alone is not enough to remember.
    pub(super) fn src_ip(&mut self, raw: &[u8], batch: &mut EventBatch) -> u32 {
        if raw.is_empty() {
            return NULL_ID;
        }
        if let Some(id) = self.addresses.get(raw) {
            return id;
        }
        self.text.clear();
        let id = if address(raw, &mut self.text) { batch.src_ip.strings.intern(&self.text) } else { NULL_ID };
        self.addresses.insert(raw, id);
        id
    }
}
