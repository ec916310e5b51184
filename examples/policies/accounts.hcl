# Who may sign in, and with what. Copy what you want beside your config.hcl; `mooring policy test` runs the tests.

policy "admin-without-second-factor" {
  description = "An administrator signs in with a password alone."
  on          = "account"
  when        = "account.admin && account.status == 'active' && account.mfa == 'off'"
  severity    = "high"

  test "an administrator without it" {
    expect  = "match"
    account = { admin = true, status = "active", mfa = "off" }
  }
  test "one with it, and somebody who is none" {
    expect  = "no match"
    account = [{ admin = true, status = "active", mfa = "on" }, { admin = false, status = "active", mfa = "off" }]
  }
  test "the provider does not say" {
    expect  = "unknown"
    account = { admin = true, status = "active" }
  }
}

policy "new-admin" {
  description = "Somebody became administrator. Those who were at the first look are the baseline."
  on          = "account"
  when        = "account.admin && account.status == 'active'"
  severity    = "medium"
  group       = "record"

  test "an administrator" {
    expect  = "match"
    account = { admin = true, status = "active" }
  }
  test "suspended, or none" {
    expect  = "no match"
    account = [{ admin = true, status = "suspended" }, { admin = false, status = "active" }]
  }
}

policy "dormant-admin" {
  description = "An administrator's account that nobody has used for 90 days."
  on          = "account"
  when        = "account.admin && account.status == 'active' && account.last_active_at < ago('90d')"
  severity    = "medium"

  test "unused since summer" {
    expect  = "match"
    account = { admin = true, status = "active", last_active_at = "-91d" }
  }
  test "used last week" {
    expect  = "no match"
    account = { admin = true, status = "active", last_active_at = "-7d" }
  }
  test "nobody says when it was used" {
    expect  = "unknown"
    account = { admin = true, status = "active" }
  }
}

policy "dormant-account" {
  description = "An account that nobody has used for half a year: a licence, and a way in that nobody watches."
  on          = "account"
  when        = "account.status == 'active' && account.type == 'user' && account.last_active_at < ago('180d')"
  severity    = "low"
  group       = "none"

  test "unused" {
    expect  = "match"
    account = { status = "active", type = "user", last_active_at = "-200d" }
  }
  test "a machine's account" {
    expect  = "no match"
    account = { status = "active", type = "service", last_active_at = "-200d" }
  }
}

policy "leaver-still-active" {
  description = "Blocked or deleted where people are managed, and still active somewhere else."
  on          = "account"
  when        = <<-CEL
    account.status == 'active' && account.type != 'service' && person(account).accounts.exists(a,
      a.provider in ['okta', 'googleworkspace', 'office365'] && a.account.status in ['suspended', 'deleted'])
  CEL
  severity    = "high"

  test "deactivated in Okta, active in Box" {
    expect   = "match"
    instance = "box/content"
    account  = { email = "rosa@acme.example", status = "active", type = "user" }
    given "account" "okta/workforce" {
      email  = "Rosa@acme.example"
      status = "deleted"
    }
  }
  test "active everywhere" {
    expect   = "no match"
    instance = "box/content"
    account  = { email = "rosa@acme.example", status = "active", type = "user" }
    given "account" "okta/workforce" {
      email  = "rosa@acme.example"
      status = "active"
    }
  }
  test "blocked here too" {
    expect   = "no match"
    instance = "box/content"
    account  = { email = "rosa@acme.example", status = "suspended", type = "user" }
    given "account" "okta/workforce" {
      email  = "rosa@acme.example"
      status = "deleted"
    }
  }
  test "whose account it is cannot be told" {
    expect  = "unknown"
    account = { name = "rosa", status = "active", type = "user" }
  }
}

policy "external-admin" {
  description = "An administrator whose address is not ours."
  on          = "account"
  when        = "account.admin && account.external && account.status == 'active'"
  severity    = "high"

  test "somebody of another company" {
    expect  = "match"
    account = { email = "eve@globex.example", admin = true, status = "active" }
  }
  test "one of ours" {
    expect  = "no match"
    account = { email = "ann@acme.example", admin = true, status = "active" }
  }
}

policy "invited-by-private-address" {
  description = "An invitation to an address outside: whoever has it will be a member, not a guest."
  on          = "account"
  when        = "account.status == 'invited' && account.type == 'user' && party(account) in ['personal', 'other']"
  severity    = "medium"

  test "a mailbox that anybody can have" {
    expect  = "match"
    account = { email = "ada.at.home@gmail.com", status = "invited", type = "user" }
  }
  test "ours" {
    expect  = "no match"
    account = { email = "ada@acme.example", status = "invited", type = "user" }
  }
  test "a partner" {
    expect   = "no match"
    partners = { globex = "globex.example" }
    account  = { email = "ada@globex.example", status = "invited", type = "user" }
  }
}

policy "group-with-external-members" {
  description = "A group of ours that somebody from outside was put into: what is shared with it is shared with them."
  on          = "group"
  when        = "group.external_members && group.type in ['group', 'team']"
  severity    = "low"

  test "somebody from outside" {
    expect = "match"
    group  = { name = "Sales", type = "group", external_members = true }
  }
  test "only ours" {
    expect = "no match"
    group  = { name = "Sales", type = "group", external_members = false }
  }
}

policy "second-factor-not-required" {
  description = "The provider lets people in without a second factor."
  on          = "setting"
  when        = "setting.name == 'two factor requirement enabled' && setting.value == 'false'"
  severity    = "medium"

  test "not required" {
    expect  = "match"
    setting = { name = "two factor requirement enabled", value = "false" }
  }
  test "required" {
    expect  = "no match"
    setting = { name = "two factor requirement enabled", value = "true" }
  }
}
