//! Who is looking: known to every page of a request, and to the figures, without being handed on by hand.

use std::net::IpAddr;
use std::sync::Arc;

use weir_lake::estate::AcademicYear;
use weir_lake::ids::SchoolId;
use weir_lake::verification::Standing;
use weir_query::unclaimed::UnclaimedSource;
use weir_register::accounts::Session;
use weir_register::{Ability, Access, Actor, Reach};

use crate::figures::{Asked, Figures, FiguresError};
use crate::view::{Group, GroupLink, Method, Overview, SchoolRef, SchoolYear};

tokio::task_local! {
    /// Whoever asked for what is being made.
    static VIEWER: Viewer;
}

/// Whoever looks.
#[derive(Debug, Clone)]
pub(crate) enum Viewer {
    /// Anyone: there is no sign-in (tests, and pages of an invented estate).
    Anyone,
    /// Nobody who is known yet.
    Nobody {
        /// From where.
        address: IpAddr,
    },
    /// Somebody whose password was right.
    Person(Arc<Person>),
}

/// Somebody with a session.
#[derive(Debug)]
pub(crate) struct Person {
    /// The session, at whatever stage.
    pub(crate) session: Session,
    /// What they may do, where.
    pub(crate) access: Access,
    /// From where.
    pub(crate) address: IpAddr,
}

impl Person {
    /// As the one who does something under the role that allows it.
    pub(crate) fn actor(&self, ability: Ability) -> Actor {
        self.session.account.actor(self.access.role_for(ability))
    }
}

impl Viewer {
    /// Makes something for this viewer.
    pub(crate) async fn sees<T>(self, work: impl Future<Output = T>) -> T {
        VIEWER.scope(self, work).await
    }

    /// From where they ask; none where there is no sign-in.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Person(person) => Some(person.address),
            Self::Nobody { address } => Some(*address),
            Self::Anyone => None,
        }
    }

    /// Whoever looks at what is being made; nobody where that was never said, so that nothing is shown by mistake.
    pub(crate) fn of_this() -> Option<Self> {
        VIEWER.try_with(Clone::clone).ok()
    }

    /// Whether they may see figures of a school.
    fn may_see(&self, school: &SchoolId) -> bool {
        match self {
            Self::Anyone => true,
            Self::Nobody { .. } => false,
            Self::Person(person) => person.access.sees(Ability::Figures, school),
        }
    }

    /// Whether whoever looks at what is being made may open a school's register. Without sign-in there is none.
    pub(crate) fn opens_register(school: &SchoolId) -> bool {
        Self::may(Ability::ReadRegister, school)
    }

    /// Whether whoever looks at what is being made may do something at all of these schools, by one role.
    pub(crate) fn may_over(ability: Ability, schools: &[SchoolId]) -> bool {
        let reach = Reach::Schools(schools.iter().cloned().collect());
        match Self::of_this() {
            Some(Self::Person(person)) => person.access.role_over(ability, &reach).is_some(),
            Some(Self::Anyone | Self::Nobody { .. }) | None => false,
        }
    }

    /// Whether whoever looks at what is being made may do something at a school. Without sign-in nobody may.
    pub(crate) fn may(ability: Ability, school: &SchoolId) -> bool {
        match Self::of_this() {
            Some(Self::Person(person)) => person.access.sees(ability, school),
            Some(Self::Anyone | Self::Nobody { .. }) | None => false,
        }
    }
}

/// What the head of a page says of its reader.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    /// Their name.
    pub(crate) name: String,
    /// Whether they are wholly signed in.
    pub(crate) is_in: bool,
    /// Whether they see figures.
    pub(crate) figures: bool,
    /// Whether they look after feeds.
    pub(crate) feeds: bool,
    /// Whether they give accounts.
    pub(crate) people: bool,
    /// Whether they read alerts.
    pub(crate) alerts: bool,
    /// Whether they ask saved questions.
    pub(crate) questions: bool,
    /// Whether they may report a site, or ask for one.
    pub(crate) asks: bool,
    /// Whether they look after what is kept about people.
    pub(crate) protection: bool,
    /// Whether they read the audit trail.
    pub(crate) audit: bool,
}

impl Reader {
    /// The reader of the page being made, where there is sign-in and they came through it.
    pub(crate) fn of_this() -> Option<Self> {
        match Viewer::of_this()? {
            Viewer::Person(person) => Some(Self {
                name: person.session.account.name.clone(),
                is_in: person.session.stage == weir_register::accounts::Stage::Full,
                figures: person.access.role_for(Ability::Figures).is_some(),
                feeds: person.access.role_for(Ability::Feeds).is_some(),
                people: person.access.role_for(Ability::People).is_some(),
                alerts: person.access.role_for(Ability::Alerts).is_some(),
                questions: person.access.role_for(Ability::SavedQuestions).is_some(),
                asks: person.access.role_for(Ability::Request).is_some(),
                protection: person.access.role_for(Ability::Erase).is_some(),
                audit: person.access.role_for(Ability::ReadAudit).is_some(),
            }),
            Viewer::Anyone | Viewer::Nobody { .. } => None,
        }
    }
}

/// Figures narrowed to the schools that whoever looks may see. Every page gets its figures through this, so none can forget.
pub(crate) struct Scoped<F>(pub(crate) Arc<F>);

impl<F: Figures> Figures for Scoped<F> {
    fn schools(&self) -> Asked<'_, Vec<SchoolRef>> {
        Box::pin(async {
            let viewer = Viewer::of_this().ok_or(FiguresError::NotFound)?;
            let mut schools = self.0.schools().await?;
            schools.retain(|school| viewer.may_see(&school.id));
            Ok(schools)
        })
    }

    fn overview(&self) -> Asked<'_, Overview> {
        Box::pin(async {
            let viewer = Viewer::of_this().ok_or(FiguresError::NotFound)?;
            let mut overview = self.0.overview().await?;
            overview.schools.retain(|line| viewer.may_see(&line.school.id));
            Ok(overview)
        })
    }

    fn school_year<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, SchoolYear> {
        Box::pin(async move {
            let viewer = Viewer::of_this().ok_or(FiguresError::NotFound)?;
            if !viewer.may_see(school) {
                return Err(FiguresError::NotFound);
            }
            self.0.school_year(school, year).await
        })
    }

    fn public_year<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, SchoolYear> {
        Box::pin(async move {
            let viewer = Viewer::of_this().ok_or(FiguresError::NotFound)?;
            if !viewer.may_see(school) {
                return Err(FiguresError::NotFound);
            }
            self.0.public_year(school, year).await
        })
    }

    fn groups(&self) -> Asked<'_, Vec<GroupLink>> {
        Box::pin(async {
            let viewer = Viewer::of_this().ok_or(FiguresError::NotFound)?;
            let sees_all = self.0.schools().await?.iter().all(|school| viewer.may_see(&school.id));
            let mut groups = self.0.groups().await?;
            // Whoever sees every school of a group is led to it.
            let is_own =
                |group: &GroupLink| !group.members.is_empty() && group.members.iter().all(|school| viewer.may_see(school));
            groups.retain(|group| sees_all || is_own(group));
            Ok(groups)
        })
    }

    fn group<'a>(&'a self, group: &'a str, year: AcademicYear) -> Asked<'a, Group> {
        Box::pin(async move {
            let viewer = Viewer::of_this().ok_or(FiguresError::NotFound)?;
            let found = self.0.group(group, year).await?;
            // A sum over schools tells of each: none is shown to someone who may not see one of them.
            if found.members.iter().all(|member| viewer.may_see(&member.id)) { Ok(found) } else { Err(FiguresError::NotFound) }
        })
    }

    fn methods(&self) -> Asked<'_, Vec<Method>> {
        self.0.methods()
    }

    fn standing<'a>(&'a self, school: &'a SchoolId, year: AcademicYear) -> Asked<'a, Standing> {
        Box::pin(async move {
            let viewer = Viewer::of_this().ok_or(FiguresError::NotFound)?;
            if !viewer.may_see(school) {
                return Err(FiguresError::NotFound);
            }
            self.0.standing(school, year).await
        })
    }

    /// Lines of no school belong to none that could be left out; the address asks for a technician.
    fn unclaimed(&self) -> Asked<'_, Vec<UnclaimedSource>> {
        self.0.unclaimed()
    }
}
