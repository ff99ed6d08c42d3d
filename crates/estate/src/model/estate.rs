//! The estate itself: tables of everything, and how to look things up.

use serde::{Deserialize, Serialize};

use super::{
    Access, AccessId, Account, AccountId, EnforcementPoint, Entity, Group, GroupId, PointId, Service,
    ServiceId, Site, SiteId, System, SystemId, Zone, ZoneId, ZoneKind,
};

/// The organisation as Cordon knows it.
///
/// Ids are places in these tables. Tables only ever grow; nothing is removed, so an id stays valid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estate {
    /// What the organisation is called.
    pub organisation: String,
    /// Files, imports and logs that facts came from.
    pub sources: Vec<String>,
    /// Accounts by [`AccountId`].
    pub accounts: Vec<Account>,
    /// Groups by [`GroupId`].
    pub groups: Vec<Group>,
    /// Systems by [`SystemId`].
    pub systems: Vec<System>,
    /// Zones by [`ZoneId`].
    pub zones: Vec<Zone>,
    /// Sites by [`SiteId`].
    pub sites: Vec<Site>,
    /// Accesses by [`AccessId`].
    pub accesses: Vec<Access>,
    /// Business services by [`ServiceId`].
    pub services: Vec<Service>,
    /// Enforcement points by [`PointId`].
    pub points: Vec<EnforcementPoint>,
}

macro_rules! table {
    ($($(#[$doc:meta])* $get:ident, $push:ident, $each:ident: $table:ident[$id:ident] of $item:ident;)+) => {
        impl Estate {$(
            $(#[$doc])*
            #[must_use]
            pub fn $get(&self, id: $id) -> Option<&$item> {
                self.$table.get(id.index())
            }

            /// Adds one and returns its id.
            pub fn $push(&mut self, item: $item) -> $id {
                let id = $id(u32::try_from(self.$table.len()).unwrap_or(u32::MAX));
                debug_assert!(self.$table.len() < u32::MAX as usize, "a table outgrew its ids");
                self.$table.push(item);
                id
            }

            /// All of them with their ids, in order.
            pub fn $each(&self) -> impl ExactSizeIterator<Item = ($id, &$item)> + '_ {
                self.$table.iter().enumerate().map(|(index, item)| ($id(index as u32), item))
            }
        )+}
    };
}

table! {
    /// The account of this id.
    account, add_account, accounts_with_ids: accounts[AccountId] of Account;
    /// The group of this id.
    group, add_group, groups_with_ids: groups[GroupId] of Group;
    /// The system of this id.
    system, add_system, systems_with_ids: systems[SystemId] of System;
    /// The zone of this id.
    zone, add_zone, zones_with_ids: zones[ZoneId] of Zone;
    /// The site of this id.
    site, add_site, sites_with_ids: sites[SiteId] of Site;
    /// The access of this id.
    access, add_access, accesses_with_ids: accesses[AccessId] of Access;
    /// The service of this id.
    service, add_service, services_with_ids: services[ServiceId] of Service;
    /// The enforcement point of this id.
    point, add_point, points_with_ids: points[PointId] of EnforcementPoint;
}

impl Estate {
    /// The zone outside of everything, if the estate speaks of it.
    #[must_use]
    pub fn internet(&self) -> Option<ZoneId> {
        self.zones_with_ids()
            .find(|(_, zone)| zone.kind == ZoneKind::Internet)
            .map(|(id, _)| id)
    }

    /// The name of an entity, or `?` for an id of another estate.
    #[must_use]
    pub fn name(&self, entity: Entity) -> &str {
        match entity {
            Entity::Account(id) => self.account(id).map(|account| account.name.as_str()),
            Entity::Group(id) => self.group(id).map(|group| group.name.as_str()),
            Entity::System(id) => self.system(id).map(|system| system.name.as_str()),
            Entity::Zone(id) => self.zone(id).map(|zone| zone.name.as_str()),
        }
        .unwrap_or("?")
    }
}
