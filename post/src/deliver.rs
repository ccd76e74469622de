//! Sends what is due in the outbox: each letter to the person it was made for, if they still are whom it is for.
//!
//! A process that dies after the server took a letter and before that is written down leaves it to be sent again: one letter may come
//! twice then, under the same Message-ID. None is lost.

use jiff::civil::Date;
use weir_lake::estate::Estate;
use weir_lake::ids::SchoolId;
use weir_register::Actor;
use weir_register::accounts::{Account, AccountError, Accounts, LETTER_LINK_MICROS};
use weir_register::outbox::{Letter, LetterKind};

use crate::{PostError, Server, Text, Way};

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Letters that the mail server took.
    pub sent: u32,
    /// Letters that still wait.
    pub waiting: u32,
    /// What went wrong, a sentence each. No address of a person.
    pub failures: Vec<String>,
}

/// Sends every letter that is due. The first failure of the server itself ends it: the other letters wait.
pub async fn deliver(accounts: &Accounts, estate: &Estate, actor: &Actor) -> Result<Delivery, PostError> {
    let register = accounts.register();
    let mut delivery = Delivery::default();
    let mut server = None;
    while let Some(letter) = register.take_letter(accounts.now()).await? {
        let account = accounts.get(letter.account).await?;
        let schools = account.as_ref().map(|account| schools_of(account, letter.kind, estate, accounts.today()));
        let schools: Vec<&SchoolId> = schools
            .unwrap_or_default()
            .into_iter()
            .filter(|school| letter.school.as_ref().is_none_or(|own| own == *school))
            .collect();
        let Some(account) = account.filter(|_| !schools.is_empty()) else {
            register.drop_letter(actor.clone(), &letter, "nobody has that role there any more", accounts.now()).await?;
            continue;
        };
        let text = text(&letter, &schools, estate);
        let way = match letter.kind {
            LetterKind::SignInLink => match link(accounts, estate, actor, &letter).await? {
                Ok(way) => way,
                Err(why) => {
                    register.drop_letter(actor.clone(), &letter, why, accounts.now()).await?;
                    continue;
                }
            },
            _ => Way::to_letter(&estate.serving, letter.id),
        };
        let sent = match ready(&mut server, estate) {
            Ok(server) => server.send(&account.email, &text, &way, &id(&letter)).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(()) => {
                register.letter_sent(actor.clone(), &letter, accounts.now()).await?;
                delivery.sent += 1;
            }
            Err(error) => {
                let waits = if error.is_for_good() {
                    register.drop_letter(actor.clone(), &letter, error.in_short(), accounts.now()).await?;
                    false
                } else {
                    register.letter_failed(actor.clone(), &letter, error.in_short(), accounts.now()).await?
                };
                let end = if waits { "it waits" } else { "it is given up" };
                if error.is_of_server() {
                    delivery.failures.push(error.to_string());
                    break;
                }
                delivery.failures.push(format!("mail {} to account {}: {}; {end}", letter.id, letter.account, error.in_short()));
            }
        }
    }
    delivery.waiting = register.letters_waiting().await?;
    Ok(delivery)
}

/// The link of a letter that signs in, made at the last moment: it stands in the letter alone. Or why there is none.
async fn link(
    accounts: &Accounts,
    estate: &Estate,
    actor: &Actor,
    letter: &Letter,
) -> Result<Result<Way, &'static str>, PostError> {
    // Whoever waited so long has asked again, or went another way; an old letter must not sign anybody in.
    let asked_at = letter.about.parse().unwrap_or(letter.made_at);
    if accounts.now() - asked_at > LETTER_LINK_MICROS {
        return Ok(Err("it came too late to be of use"));
    }
    match accounts.make_letter_link(actor.clone(), letter.account).await {
        Ok(link) => Ok(Way::to_sign_in(&estate.serving, &link.path()).ok_or("weir.toml has no url under [serve]")),
        Err(AccountError::NotByLetter | AccountError::NoSuch) => Ok(Err("nobody signs in by letter with that account any more")),
        Err(error) => Err(error.into()),
    }
}

/// The server, made ready when the first letter is due.
fn ready<'a>(server: &'a mut Option<Server>, estate: &Estate) -> Result<&'a Server, PostError> {
    if server.is_none() {
        *server = Some(Server::new(estate.mail.as_ref().ok_or(PostError::NotSetUp)?)?);
    }
    server.as_ref().ok_or(PostError::NotSetUp)
}

/// The schools at which somebody holds today the role that a kind of letter is for.
pub(crate) fn schools_of<'a>(account: &Account, kind: LetterKind, estate: &'a Estate, today: Date) -> Vec<&'a SchoolId> {
    let reaches: Vec<_> =
        account.roles_on(today).filter(|held| held.role == kind.role()).map(|held| held.place.reach(&estate.schools)).collect();
    estate.schools.keys().filter(|school| reaches.iter().any(|reach| reach.has(school))).collect()
}

fn text(letter: &Letter, schools: &[&SchoolId], estate: &Estate) -> Text {
    let name = |id: &SchoolId| estate.schools.get(id).map_or_else(|| id.to_string(), |school| school.name.clone());
    let names = || schools.iter().map(|id| name(id)).collect();
    match letter.kind {
        LetterKind::Waiting | LetterKind::WaitingForHead => Text::Waiting {
            school: letter.school.as_ref().map(name).unwrap_or_default(),
            items: letter.items,
            urgent: letter.urgent,
        },
        LetterKind::Digest => Text::Digest { schools: names() },
        LetterKind::FeedSilent => Text::FeedSilent { feeds: letter.items },
        LetterKind::NightFailed => Text::NightFailed,
        LetterKind::TermlyReview => Text::TermlyReview { schools: names() },
        LetterKind::SignInLink => Text::SignInLink,
    }
}

/// Stays the same however often a letter is tried, and differs between letters and estates.
fn id(letter: &Letter) -> String {
    format!("weir-{}-{}", letter.id, letter.made_at)
}
