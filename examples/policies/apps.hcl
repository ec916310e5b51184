# What programs may do, and which keys open which door.

policy "over-privileged-app" {
  description = "An app with far-reaching rights that nobody has approved: `mooring verdict REF approved` closes it."
  on          = "app"
  when        = "app.permission_level == 'high' && verdict(app) == 'none'"
  severity    = "high"

  test "rights over everything" {
    expect = "match"
    app    = { id = "app1", name = "notes-everywhere", permission_level = "high" }
  }
  test "approved" {
    expect   = "no match"
    verdicts = { app1 = "approved" }
    app      = { id = "app1", name = "notes-everywhere", permission_level = "high" }
  }
  test "few rights" {
    expect = "no match"
    app    = { id = "app1", name = "team-chat", permission_level = "low" }
  }
}

policy "unverified-app-with-rights" {
  description = "An app whose publisher the provider has not verified, with more than few rights."
  on          = "app"
  when        = "app.verified == false && app.permission_level in ['high', 'medium'] && verdict(app) == 'none'"
  severity    = "medium"

  test "not verified" {
    expect = "match"
    app    = { verified = false, permission_level = "medium" }
  }
  test "verified" {
    expect = "no match"
    app    = { verified = true, permission_level = "high" }
  }
}

policy "misleading-app-name" {
  description = "An app whose name has letters that look like others, or poses as a well-known one."
  on          = "app"
  when        = <<-CEL
    app.verified == false && (app.name.matches(r'[\x{0370}-\x{03FF}\x{0400}-\x{04FF}\x{200B}-\x{200F}]')
      || app.name.matches(r'(?i)^(microsoft|google|okta|github|box|outlook|sharepoint|onedrive)( |$)'))
  CEL
  severity    = "medium"

  test "a Cyrillic letter, a well-known name" {
    expect = "match"
    app    = [{ name = "Gооgle Drive", verified = false }, { name = "Microsoft Security Update", verified = false }]
  }
  test "any other" {
    expect = "no match"
    app    = { name = "Whiteboards", verified = false }
  }
}

policy "banned-app-in-use" {
  description = "Somebody lets an app in that was banned (`mooring verdict REF banned`)."
  on          = "grant"
  when        = "grant.state == 'active' && verdict(grant.app) == 'banned'"
  severity    = "high"

  test "banned" {
    expect   = "match"
    verdicts = { app1 = "banned" }
    grant    = { type = "oauth", state = "active", app = "app1", account = "ann@acme.example" }
  }
  test "revoked, or never banned" {
    expect   = "no match"
    verdicts = { app1 = "banned" }
    grant    = [{ type = "oauth", state = "revoked", app = "app1" }, { type = "oauth", state = "active", app = "app2" }]
  }
}

policy "consent-to-all-mail-or-files" {
  description = "A person let an app read all mail, all files, or act in their name, and nobody has approved the app."
  on          = "grant"
  when        = <<-CEL
    grant.type == 'oauth' && grant.state == 'active' && verdict(grant.app) == 'none' && grant.scopes.exists(s,
      s in ['https://mail.google.com/', 'https://www.googleapis.com/auth/gmail.modify', 'https://www.googleapis.com/auth/drive',
            'https://www.googleapis.com/auth/admin.directory.user', 'https://www.googleapis.com/auth/cloud-platform',
            'Mail.ReadWrite', 'Mail.Send', 'Files.ReadWrite.All', 'Directory.ReadWrite.All', 'full_access_as_app', 'root_readwrite', 'manage_enterprise']
      || s.matches('^okta\\.[a-zA-Z]+\\.manage$'))
  CEL
  severity    = "high"

  test "all of Drive, all of Okta's users" {
    expect = "match"
    grant  = [
      { type = "oauth", state = "active", app = "app1", scopes = ["openid", "https://www.googleapis.com/auth/drive"] },
      { type = "oauth", state = "active", app = "app1", scopes = ["okta.users.manage"] },
    ]
  }
  test "only its own files" {
    expect = "no match"
    grant  = { type = "oauth", state = "active", app = "app1", scopes = ["https://www.googleapis.com/auth/drive.file"] }
  }
}

policy "unused-token" {
  description = "A key or token that works and that nobody has used for 90 days."
  on          = "grant"
  when        = "grant.type in ['pat', 'api_key', 'access_key', 'ssh_key', 'deploy_key'] && grant.state == 'active' && grant.last_used_at < ago('90d')"
  severity    = "medium"

  test "unused for a year" {
    expect = "match"
    grant  = { type = "pat", state = "active", last_used_at = "-400d" }
  }
  test "used yesterday, expired" {
    expect = "no match"
    grant  = [{ type = "pat", state = "active", last_used_at = "-1d" }, { type = "pat", state = "expired", last_used_at = "-400d" }]
  }
}

policy "old-access-key" {
  description = "A long-lived key that has not been changed for a year."
  on          = "grant"
  when        = "grant.type in ['access_key', 'api_key'] && grant.state == 'active' && grant.created_at < ago('365d')"
  severity    = "low"

  test "a year and a day" {
    expect = "match"
    grant  = { type = "access_key", state = "active", created_at = "-366d" }
  }
  test "of last month" {
    expect = "no match"
    grant  = { type = "access_key", state = "active", created_at = "-30d" }
  }
}

policy "token-of-leaver" {
  description = "A key or token of somebody who is blocked where people are managed."
  on          = "grant"
  when        = <<-CEL
    grant.state == 'active' && person(grant.account).accounts.exists(a,
      a.provider in ['okta', 'googleworkspace', 'office365'] && a.account.status in ['suspended', 'deleted'])
  CEL
  severity    = "high"

  test "the owner was deactivated" {
    expect   = "match"
    instance = "github/platform"
    grant    = { type = "pat", state = "active", account = "rosa@acme.example" }
    given "account" "okta/workforce" {
      email  = "rosa@acme.example"
      status = "deleted"
    }
  }
  test "the owner works here" {
    expect   = "no match"
    instance = "github/platform"
    grant    = { type = "pat", state = "active", account = "ann@acme.example" }
    given "account" "okta/workforce" {
      email  = "ann@acme.example"
      status = "active"
    }
  }
}

policy "deploy-key-with-write" {
  description = "A machine's key that may change a repository."
  on          = "grant"
  when        = "grant.type == 'deploy_key' && grant.state == 'active' && 'write' in grant.scopes"
  severity    = "medium"
  group       = "record"

  test "may write" {
    expect = "match"
    grant  = { type = "deploy_key", state = "active", scopes = ["read", "write"] }
  }
  test "reads" {
    expect = "no match"
    grant  = { type = "deploy_key", state = "active", scopes = ["read"] }
  }
}

policy "events-in-the-clear" {
  description = "A webhook that sends events without TLS, or without checking who takes them."
  on          = "grant"
  when        = "grant.type == 'webhook' && grant.state == 'active' && (grant.name.startsWith('http://') || grant.attributes['insecure_tls'] == 'true')"
  severity    = "high"
  group       = "record"

  test "http, and no check" {
    expect = "match"
    grant = [
      { type = "webhook", state = "active", name = "http://collector.example/in" },
      { type = "webhook", state = "active", name = "https://collector.example/in", attributes = { insecure_tls = "true" } },
    ]
  }
  test "https" {
    expect = "no match"
    grant  = { type = "webhook", state = "active", name = "https://builds.acme.example/hook", attributes = { insecure_tls = "false" } }
  }
}
