//! Content categories as each vendor words them; the first column is the canonical id, for policy.csv and truth.json only.

/// A category of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Canonical `education`.
    Education,
    /// Canonical `search`.
    Search,
    /// Canonical `general`.
    General,
    /// Canonical `media_shopping_files`.
    Streaming,
    /// Canonical `games`.
    Games,
    /// Canonical `social_media`.
    SocialMedia,
    /// Canonical `messaging`.
    Messaging,
    /// Canonical `ai_assistant`.
    AiAssistant,
    /// Canonical `adv`.
    Adverts,
    /// Canonical `infra`.
    Infrastructure,
    /// Canonical `infra`.
    Delivery,
    /// Canonical `gambling`.
    Gambling,
    /// Canonical `circumvention`.
    Circumvention,
    /// Canonical `pornography`.
    Pornography,
    /// Canonical `drugs`.
    Drugs,
    /// Canonical `weapons`.
    Weapons,
    /// Canonical `extremism`.
    Extremism,
    /// Canonical `piracy`.
    Piracy,
    /// Canonical `malware`.
    Malware,
    /// Canonical `dating`.
    Dating,
    /// Canonical `sex_education`.
    SexEducation,
    /// Canonical `health`.
    Health,
    /// Canonical `help_lines`.
    HelpLine,
    /// Canonical `uncategorised`.
    Uncategorised,
}

/// A category in the vendors' own words. No single source: each vendor's published category list, typed by hand.
#[derive(Debug)]
pub struct Words {
    /// Our canonical id.
    pub canonical: &'static str,
    /// FortiGuard's number and name.
    pub fortiguard: (u16, &'static str),
    /// Sophos Firewall.
    pub sophos: &'static str,
    /// PAN-DB.
    pub pan: &'static str,
    /// Cisco Umbrella.
    pub umbrella: &'static str,
    /// Arista NG Firewall's name and number.
    pub untangle: (&'static str, u16),
    /// WatchGuard WebBlocker.
    pub watchguard: &'static str,
    /// Symantec ProxySG.
    pub proxysg: &'static str,
    /// The name of the school's own e2guardian list; empty where no list holds the site.
    pub e2guardian: &'static str,
}

impl Category {
    /// The vendors' words.
    pub fn words(self) -> &'static Words {
        &WORDS[self as usize]
    }

    /// Canonical id.
    pub fn canonical(self) -> &'static str {
        self.words().canonical
    }
}

#[rustfmt::skip]
#[expect(clippy::too_many_arguments, reason = "one argument a column keeps the table below readable")]
const fn words(
    canonical: &'static str, fortiguard: (u16, &'static str), sophos: &'static str, pan: &'static str, umbrella: &'static str,
    untangle: (&'static str, u16), watchguard: &'static str, proxysg: &'static str, e2guardian: &'static str,
) -> Words {
    Words { canonical, fortiguard, sophos, pan, umbrella, untangle, watchguard, proxysg, e2guardian }
}

/// In the order of [`Category`].
#[rustfmt::skip]
static WORDS: [Words; 24] = [
    words("education", (30, "Education"), "Educational Institutions", "educational-institutions", "Education", ("Educational Institutions", 40), "Educational Institutions", "Education", ""),
    words("search", (41, "Search Engines and Portals"), "Search Engines", "search-engines", "Search Engines", ("Search Engines", 50), "Search Engines and Portals", "Search Engines/Portals", ""),
    words("general", (36, "News and Media"), "News", "news", "News/Media", ("News and Media", 63), "News and Media", "News", ""),
    words("media_shopping_files", (25, "Streaming Media and Download"), "Video Hosting", "streaming-media", "Video Sharing", ("Streaming Media", 25), "Streaming Media", "TV/Video Streams", ""),
    words("games", (20, "Games"), "Games", "games", "Games", ("Games", 34), "Games", "Games", ""),
    words("social_media", (37, "Social Networking"), "Social Networks", "social-networking", "Social Networking", ("Social Networking", 14), "Social Networking", "Social Networking", "Social media"),
    words("messaging", (69, "Instant Messaging"), "Online Chat", "internet-communications-and-telephony", "Chat", ("Internet Communications", 66), "Web Chat", "Chat (IM)/SMS", "Messaging"),
    words("ai_assistant", (100, "Artificial Intelligence Technology"), "Generative AI", "artificial-intelligence", "Generative AI", ("Computer and Internet Info", 5), "Generative AI", "Generative AI", ""),
    words("adv", (17, "Advertising"), "Advertisements", "web-advertisements", "Advertising", ("Web Advertisements", 52), "Advertisements", "Web Ads/Analytics", "ADs"),
    words("infra", (52, "Information Technology"), "Information Technology", "computer-and-internet-info", "Software/Technology", ("Computer and Internet Info", 5), "Information Technology", "Technology/Internet", ""),
    words("infra", (52, "Information Technology"), "Content Delivery", "content-delivery-networks", "Infrastructure and Content Delivery Networks", ("Content Delivery Networks", 65), "Content Delivery Networks", "Content Delivery Networks", ""),
    words("gambling", (11, "Gambling"), "Gambling", "gambling", "Gambling", ("Gambling", 27), "Gambling", "Gambling", "Gambling"),
    words("circumvention", (59, "Proxy Avoidance"), "Anonymizers", "proxy-avoidance-and-anonymizers", "Proxy/Anonymizer", ("Proxy Avoidance and Anonymizers", 58), "Proxy Avoidance", "Proxy Avoidance", "Proxies"),
    words("pornography", (14, "Pornography"), "Sexually Explicit", "adult", "Pornography", ("Adult and Pornography", 11), "Adult Content", "Pornography", "Adult"),
    words("drugs", (1, "Drug Abuse"), "Controlled Substances", "abused-drugs", "Drugs", ("Abused Drugs", 10), "Abused Drugs", "Controlled Substances", "Drugs"),
    words("weapons", (16, "Weapons (Sales)"), "Weapons", "weapons", "Weapons", ("Weapons", 36), "Weapons", "Weapons", "Weapons"),
    words("extremism", (12, "Extremist Groups"), "Militancy & Extremist", "extremism", "Terrorism", ("Hate and Racism", 46), "Militancy and Extremist", "Violence/Intolerance", "Extremism"),
    words("piracy", (72, "Peer-to-peer File Sharing"), "Peer-to-peer & Torrents", "copyright-infringement", "P2P/File sharing", ("Peer to Peer", 31), "Peer-to-Peer File Sharing", "Peer-to-Peer (P2P)", "Piracy"),
    words("malware", (26, "Malicious Websites"), "Spyware & Malware", "malware", "Malware", ("Malware Sites", 56), "Malicious Web Sites", "Malicious Sources/Malnets", "Malware"),
    words("dating", (15, "Dating"), "Dating", "dating", "Dating", ("Dating", 18), "Personals and Dating", "Personals/Dating", "Dating"),
    words("sex_education", (63, "Sex Education"), "Sex Education", "sex-education", "Sex Education", ("Sex Education", 19), "Sex Education", "Sex Education", "Sex education"),
    words("health", (33, "Health and Wellness"), "Health & Medicines", "health-and-medicine", "Health and Fitness", ("Health and Medicine", 69), "Health", "Health", ""),
    words("help_lines", (33, "Health and Wellness"), "Health & Medicines", "health-and-medicine", "Health and Fitness", ("Health and Medicine", 69), "Health", "Health", ""),
    words("uncategorised", (0, "Unrated"), "Uncategorized", "unknown", "", ("Uncategorized", 0), "Uncategorized", "none", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_at_their_category() {
        assert_eq!(Category::Education.canonical(), "education");
        assert_eq!(Category::Gambling.words().fortiguard, (11, "Gambling"));
        assert_eq!(Category::Uncategorised.canonical(), "uncategorised");
    }
}
