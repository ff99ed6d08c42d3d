//! The types of an estate. Everything is held in dense tables and named by a small id.

mod access;
mod account;
mod bits;
mod estate;
mod id;
mod point;
mod provenance;
mod service;
mod system;

pub use access::{
    Access, AccessKind, ControlKind, Controlled, Means, Member, Place, Ports, Principal, Protocol, Target,
};
pub use account::{Account, AccountKind, Group};
pub use bits::Bits;
pub use estate::Estate;
pub use id::{AccessId, AccountId, Entity, GroupId, PointId, ServiceId, SiteId, SystemId, ZoneId};
pub use point::{EnforcementPoint, Guard, PointKind};
pub use provenance::{Origin, Provenance, SourceId, Usage};
pub use service::{CostCurve, Fallback, Pence, Requirement, Service};
pub use system::{Jewel, Site, SiteKind, System, SystemKind, Zone, ZoneKind};
