//! The JSON that SharpHound and APOC write, as far as it is of use.

use std::fmt::{self, Formatter};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Line {
    Node {
        id: String,
        #[serde(default)]
        labels: Vec<String>,
        #[serde(default)]
        properties: Value,
    },
    Relationship {
        label: String,
        start: End,
        end: End,
    },
}

#[derive(Deserialize)]
pub(super) struct End {
    pub(super) id: String,
}

/// A file without its objects, which [`each_object`] reads.
#[derive(Deserialize)]
pub(super) struct Collected {
    #[serde(rename = "data")]
    _data: Vec<IgnoredAny>,
    pub(super) meta: Meta,
}

/// Hands over the objects of a file one after another. All at once would take many times the size of a file whose
/// objects are tiny, and an archive of such files can be small.
pub(super) fn each_object(bytes: &[u8], take: impl FnMut(Value)) -> serde_json::Result<()> {
    serde_json::Deserializer::from_slice(bytes).deserialize_map(Objects(take))
}

struct Objects<F>(F);

impl<'de, F: FnMut(Value)> Visitor<'de> for Objects<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with `data`")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "data" {
                map.next_value_seed(&mut self)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut objects: A) -> Result<(), A::Error> {
        while let Some(object) = objects.next_element()? {
            (self.0)(object);
        }
        Ok(())
    }
}

impl<'de, F: FnMut(Value)> DeserializeSeed<'de> for &mut Objects<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(Objects(&mut self.0))
    }
}

#[derive(Deserialize)]
pub(super) struct Meta {
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// An object of any type. `null` stands for an empty list in real exports.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    #[serde(rename = "ObjectIdentifier", default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) properties: Value,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) aces: Vec<Ace>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) members: Vec<Reference>,
    #[serde(rename = "PrimaryGroupSID")]
    pub(super) primary_group: Option<String>,
    #[serde(rename = "ChildObjects", default, deserialize_with = "nullable")]
    pub(super) children: Vec<Reference>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) links: Vec<Link>,
    #[serde(rename = "AllowedToDelegate", default, deserialize_with = "nullable")]
    pub(super) delegates_to: Vec<Mention>,
    #[serde(rename = "AllowedToAct", default, deserialize_with = "nullable")]
    pub(super) delegated_from: Vec<Mention>,
    #[serde(rename = "HasSIDHistory", default, deserialize_with = "nullable")]
    pub(super) former_sids: Vec<Mention>,
    #[serde(rename = "SPNTargets", default, deserialize_with = "nullable")]
    pub(super) service_targets: Vec<ServiceTarget>,
    #[serde(default)]
    pub(super) sessions: Listed<Session>,
    #[serde(default)]
    pub(super) privileged_sessions: Listed<Session>,
    #[serde(default)]
    pub(super) registry_sessions: Listed<Session>,
    #[serde(default)]
    pub(super) local_admins: Listed<Reference>,
    #[serde(default)]
    pub(super) remote_desktop_users: Listed<Reference>,
    #[serde(default)]
    pub(super) dcom_users: Listed<Reference>,
    #[serde(rename = "PSRemoteUsers", default)]
    pub(super) ps_remote_users: Listed<Reference>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) local_groups: Vec<LocalGroup>,
    #[serde(rename = "GPOChanges")]
    pub(super) policy_changes: Option<PolicyChanges>,
    #[serde(rename = "IsDC", default)]
    pub(super) is_directory_server: bool,
}

fn nullable<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

#[derive(Deserialize)]
pub(super) struct Ace {
    #[serde(rename = "PrincipalSID")]
    pub(super) principal: String,
    #[serde(rename = "RightName")]
    pub(super) right: String,
}

#[derive(Deserialize)]
pub(super) struct Reference {
    #[serde(rename = "ObjectIdentifier")]
    pub(super) id: String,
}

/// An identifier, or an object that has one.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Mention {
    Plain(String),
    Object(Reference),
}

impl Mention {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Plain(id) => id,
            Self::Object(object) => &object.id,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(rename = "GUID")]
    pub(super) id: String,
}

#[derive(Deserialize)]
pub(super) struct ServiceTarget {
    #[serde(rename = "ComputerSID")]
    pub(super) computer: String,
    #[serde(rename = "Service")]
    pub(super) service: String,
}

#[derive(Deserialize)]
pub(super) struct Session {
    #[serde(rename = "UserSID")]
    pub(super) user: String,
    #[serde(rename = "ComputerSID")]
    pub(super) computer: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct LocalGroup {
    #[serde(rename = "ObjectIdentifier")]
    pub(super) id: String,
    #[serde(rename = "Results", default, deserialize_with = "nullable")]
    pub(super) results: Vec<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyChanges {
    #[serde(default, deserialize_with = "nullable")]
    pub(super) local_admins: Vec<Reference>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) remote_desktop_users: Vec<Reference>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) dcom_users: Vec<Reference>,
    #[serde(rename = "PSRemoteUsers", default, deserialize_with = "nullable")]
    pub(super) ps_remote_users: Vec<Reference>,
    #[serde(rename = "AffectedComputers", default, deserialize_with = "nullable")]
    pub(super) affected: Vec<Reference>,
}

/// A list, or `{ "Results": list }`, or nothing.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Listed<T> {
    Plain(Vec<T>),
    Collected {
        #[serde(rename = "Results")]
        results: Vec<T>,
    },
    Nothing(()),
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self::Nothing(())
    }
}

impl<T> Listed<T> {
    pub(super) fn items(&self) -> &[T] {
        match self {
            Self::Plain(list) | Self::Collected { results: list } => list,
            Self::Nothing(_) => &[],
        }
    }
}
