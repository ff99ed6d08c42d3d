//! Identity providers and cloud consoles: Okta's system log, Entra's sign-in and audit logs, AWS CloudTrail.

use cordon_estate::activity::{AccountName, ActivityKind, DirectoryChange};

use super::{Teller, account_named, outcome};
use crate::record::Value;

/// A name of a change, and what it changes.
type Changes = &'static [(&'static str, DirectoryChange)];

fn find(changes: Changes, name: &str) -> Option<DirectoryChange> {
    changes
        .iter()
        .find(|(own, _)| name.eq_ignore_ascii_case(own))
        .map(|(_, change)| *change)
}

const OKTA_CHANGES: Changes = &[
    ("user.account.reset_password", DirectoryChange::PasswordReset),
    ("user.mfa.factor.activate", DirectoryChange::SecondFactorReset),
    ("user.mfa.factor.deactivate", DirectoryChange::SecondFactorReset),
    ("user.mfa.factor.update", DirectoryChange::SecondFactorReset),
    ("user.mfa.factor.reset_all", DirectoryChange::SecondFactorReset),
    ("user.lifecycle.create", DirectoryChange::AccountCreated),
    ("user.lifecycle.activate", DirectoryChange::AccountEnabled),
    ("user.lifecycle.reactivate", DirectoryChange::AccountEnabled),
    ("user.lifecycle.unsuspend", DirectoryChange::AccountEnabled),
    ("user.lifecycle.deactivate", DirectoryChange::AccountDisabled),
    ("user.lifecycle.suspend", DirectoryChange::AccountDisabled),
    ("group.user_membership.add", DirectoryChange::MemberAdded),
    ("group.user_membership.remove", DirectoryChange::MemberRemoved),
];

pub(super) fn okta(teller: &mut Teller<'_, '_>) {
    let Some(event) = teller.text("eventType") else {
        return;
    };
    match event {
        "user.session.start" | "user.authentication.sso" | "user.authentication.auth_via_mfa" => {
            okta_sign_in(teller)
        }
        _ => {
            if let Some(change) = find(OKTA_CHANGES, event) {
                okta_change(teller, change);
            }
        }
    }
}

/// The actor, unless it is Okta itself.
fn okta_actor<'r>(teller: &Teller<'r, '_>) -> Option<AccountName<'r>> {
    let is_okta = teller
        .text("actor.type")
        .is_some_and(|kind| kind == "SystemPrincipal");
    let name = teller.text("actor.alternateId")?;
    (!is_okta && !name.eq_ignore_ascii_case("system@okta.com")).then(|| account_named(name))
}

fn okta_succeeded(teller: &Teller<'_, '_>) -> bool {
    teller
        .text("outcome.result")
        .is_none_or(|result| matches!(result, "SUCCESS" | "ALLOW"))
}

fn okta_sign_in(teller: &mut Teller<'_, '_>) {
    let Some(account) = okta_actor(teller) else { return };
    let app = okta_target(teller, "target.displayName", "AppInstance")
        .or_else(|| okta_target(teller, "target.alternateId", "AppInstance"));
    let kind = ActivityKind::SignIn {
        account,
        app: app.unwrap_or("okta"),
        from: teller.address("client.ipAddress"),
        outcome: outcome(okta_succeeded(teller)),
    };
    teller.tell(kind);
}

/// The field of the first target of a kind. Targets repeat their names in order.
fn okta_target<'r>(teller: &Teller<'r, '_>, field: &'static str, kind: &str) -> Option<&'r str> {
    let kinds = teller.record.all("target.type");
    let mut pairs = kinds.zip(teller.record.all(field));
    pairs.find_map(|(own, value)| match (own, value) {
        (Value::Str(own), Value::Str(text)) if own == kind && !text.is_empty() => Some(text),
        _ => None,
    })
}

fn okta_change(teller: &mut Teller<'_, '_>, change: DirectoryChange) {
    if !okta_succeeded(teller) {
        return;
    }
    let account = okta_target(teller, "target.alternateId", "User").map(account_named);
    let Some(actor) = okta_actor(teller) else { return };
    let kind = ActivityKind::DirectoryChange {
        actor,
        account,
        group: okta_target(teller, "target.displayName", "UserGroup"),
        change,
    };
    teller.tell(kind);
}

const ENTRA_CHANGES: Changes = &[
    ("Reset user password", DirectoryChange::PasswordReset),
    ("Reset password (by admin)", DirectoryChange::PasswordReset),
    (
        "User registered security info",
        DirectoryChange::SecondFactorReset,
    ),
    ("User deleted security info", DirectoryChange::SecondFactorReset),
    (
        "Admin registered security info",
        DirectoryChange::SecondFactorReset,
    ),
    ("Admin updated security info", DirectoryChange::SecondFactorReset),
    ("Admin deleted security info", DirectoryChange::SecondFactorReset),
    ("Add user", DirectoryChange::AccountCreated),
    ("Enable account", DirectoryChange::AccountEnabled),
    ("Disable account", DirectoryChange::AccountDisabled),
    ("Add member to group", DirectoryChange::MemberAdded),
    ("Add member to role", DirectoryChange::MemberAdded),
    ("Remove member from group", DirectoryChange::MemberRemoved),
    ("Remove member from role", DirectoryChange::MemberRemoved),
];

pub(super) fn entra(teller: &mut Teller<'_, '_>) {
    let operation = teller
        .text("ActivityDisplayName")
        .or_else(|| teller.text("OperationName"));
    match operation.and_then(|name| find(ENTRA_CHANGES, name)) {
        Some(change) => entra_change(teller, change),
        None => entra_sign_in(teller, operation),
    }
}

fn first<'r>(teller: &Teller<'r, '_>, names: &[&str]) -> Option<&'r str> {
    names.iter().find_map(|name| teller.text(name))
}

/// Sign-ins name an application; audit records do not.
fn entra_sign_in(teller: &mut Teller<'_, '_>, operation: Option<&str>) {
    let app = first(
        teller,
        &["AppDisplayName", "appDisplayName", "properties.appDisplayName"],
    );
    let is_sign_in = operation.is_some_and(|name| name.eq_ignore_ascii_case("Sign-in activity"));
    let user = first(
        teller,
        &[
            "UserPrincipalName",
            "userPrincipalName",
            "properties.userPrincipalName",
        ],
    );
    let Some(user) = user.filter(|_| is_sign_in || app.is_some()) else {
        return;
    };
    let code = ["ResultType", "status.errorCode", "properties.status.errorCode"];
    let succeeded = code
        .iter()
        .find_map(|name| teller.record.int(name))
        .is_none_or(|code| code == 0);
    let address = first(
        teller,
        &[
            "IPAddress",
            "ipAddress",
            "properties.ipAddress",
            "callerIpAddress",
        ],
    );
    teller.tell(ActivityKind::SignIn {
        account: account_named(user),
        app: app.unwrap_or("entra"),
        from: address.and_then(super::parse_address),
        outcome: outcome(succeeded),
    });
}

fn entra_change(teller: &mut Teller<'_, '_>, change: DirectoryChange) {
    let failed = first(teller, &["properties.result", "result", "Result"])
        .is_some_and(|result| result.eq_ignore_ascii_case("failure"));
    let actor = first(
        teller,
        &[
            "properties.initiatedBy.user.userPrincipalName",
            "initiatedBy.user.userPrincipalName",
            "InitiatedBy.user.userPrincipalName",
        ],
    );
    let account = first(
        teller,
        &[
            "properties.targetResources.userPrincipalName",
            "targetResources.userPrincipalName",
            "TargetResources.userPrincipalName",
        ],
    );
    let Some(actor) = actor.filter(|_| !failed) else {
        return;
    };
    teller.tell(ActivityKind::DirectoryChange {
        actor: account_named(actor),
        account: account.map(account_named),
        group: None,
        change,
    });
}

const AWS_CHANGES: Changes = &[
    ("CreateUser", DirectoryChange::AccountCreated),
    ("CreateLoginProfile", DirectoryChange::PasswordReset),
    ("UpdateLoginProfile", DirectoryChange::PasswordReset),
    ("EnableMFADevice", DirectoryChange::SecondFactorReset),
    ("DeactivateMFADevice", DirectoryChange::SecondFactorReset),
    ("AddUserToGroup", DirectoryChange::MemberAdded),
    ("RemoveUserFromGroup", DirectoryChange::MemberRemoved),
];

pub(super) fn cloud_trail(teller: &mut Teller<'_, '_>) {
    let Some(event) = teller.text("eventName") else {
        return;
    };
    if event == "ConsoleLogin" {
        return console_login(teller);
    }
    let change = find(AWS_CHANGES, event).filter(|_| teller.text("errorCode").is_none());
    if let (Some(change), Some(actor)) = (change, aws_actor(teller)) {
        let kind = ActivityKind::DirectoryChange {
            actor,
            account: teller.bare_account("requestParameters.userName"),
            group: teller.text("requestParameters.groupName"),
            change,
        };
        teller.tell(kind);
    }
}

/// The user; of a federated one the session name, which is behind the last `/` of the ARN.
fn aws_actor<'r>(teller: &Teller<'r, '_>) -> Option<AccountName<'r>> {
    let session = || teller.text("userIdentity.arn")?.rsplit('/').next();
    teller
        .text("userIdentity.userName")
        .or_else(session)
        .map(account_named)
}

fn console_login(teller: &mut Teller<'_, '_>) {
    let succeeded = teller.text("responseElements.ConsoleLogin") == Some("Success");
    let Some(account) = aws_actor(teller) else { return };
    let kind = ActivityKind::SignIn {
        account,
        app: "aws",
        from: teller.address("sourceIPAddress"),
        outcome: outcome(succeeded),
    };
    teller.tell(kind);
}
