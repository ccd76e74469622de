//! What a row asked for: host, referrer and the vendor's categories, remembered by their raw bytes.

use weir_lake::batch::{EventBatch, NULL_ID};

use super::{CategoryEntry, HostEntry, NO_HOST, NONE, Normaliser, UNIT};
use crate::decoded::{Decoded, Field, Kind};
use crate::normalise::text::plain;
use crate::normalise::{search, url};

impl Normaliser {
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
        self.key.clear();
        self.key.extend_from_slice(names);
        self.key.push(UNIT);
        self.key.extend_from_slice(ids);
        let entry = match self.categories.get(&self.key) {
            Some(entry) => entry,
            None => {
                let (names, ids) = (String::from_utf8_lossy(names), String::from_utf8_lossy(ids));
                let mut unknown = Vec::new();
                let mapped = self
                    .reference
                    .taxonomies
                    .map(self.vendor.as_deref(), &names, &ids, &mut |name| unknown.push(name.to_owned()));
                let unmapped = if unknown.is_empty() {
                    0
                } else {
                    let number = self.unmapped.iter().position(|(known, _)| *known == unknown).unwrap_or_else(|| {
                        self.unmapped.push((unknown, 0));
                        self.unmapped.len() - 1
                    });
                    number as u32 + 1
                };
                self.text.clear();
                let has_text = plain(names.as_bytes(), &mut self.text) || plain(ids.as_bytes(), &mut self.text);
                let vendor_category = if has_text { batch.vendor_category.strings.intern(&self.text) } else { NULL_ID };
                let entry = CategoryEntry { vendor_category, mapped, unmapped };
                self.categories.insert(&self.key, entry);
                entry
            }
        };
        if entry.unmapped > 0 {
            self.unmapped[entry.unmapped as usize - 1].1 += 1;
        }
        entry
    }
}
