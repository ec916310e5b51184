# Five apps of one company, as one would connect them in production, but served by examples/acme: two organisations of
# GitHub, Okta, Google Workspace and Box.
#
#   go run ./examples/acme            # serves all, and writes their credentials to ./run
#   mooring run --config config.hcl
#
# For production, change what the comments say. `mooring connect PROVIDER` writes such a block, with the vendor's steps.

agent {
  data_dir       = "./data"             # production: /var/lib/mooring
  listen         = "127.0.0.1:8420"     # for the console, which is not there yet; the API is on a unix socket
  connector_dirs = ["./bin/connectors"] # production: where the package put them

  # Who wanted, approved and did what stands in data_dir/audit. What proves it is copied here, which whoever may write there
  # should not be able to change.
  audit_checkpoints = "./data/audit-checkpoints.jsonl" # production: on another machine, a mount that only appends
}

organization {
  domains   = ["acme.example"]            # production: your own, or nothing: then those that the providers verified
  protected = ["breakglass@acme.example"] # no action touches these addresses and refs: who gets in when nobody else does
}

network {
  private = ["127.0.0.1"] # production: remove; only acme is at a private address
}

# Everybody at Acme; GitHub Enterprise, so there is an audit log.
instance "github" "platform" {
  settings {
    organization = "acme-platform"         # production: the login in github.com/LOGIN
    base_url     = "http://127.0.0.1:9001" # production: remove, or https://HOST/api/v3 for your own server
  }

  # A GitHub App that may only read, installed on the organisation: best, for it has a quota of its own and no person
  # behind it.
  credentials {
    app_id      = "123456"                            # production: on the App's settings page
    private_key = secret("file:./run/github-app.pem") # production: file:/etc/mooring/github-app.pem, or systemd:github-app.pem
  }

  # Another App, which may write. Without this block nothing can be changed: what reads is never used for it.
  actions {
    credentials {
      app_id      = "123457"
      private_key = secret("file:./run/github-acting.pem")
    }
  }

  scan "files" {
    every = "12h"
  }

  scan "activities" {
    every = "1m"
  }

  realtime = "pull"
}

# Those who sell, on a smaller plan: no audit log, no single sign-on. `mooring check` says what that costs.
instance "github" "sales" {
  settings {
    organization = "acme-sales"
    base_url     = "http://127.0.0.1:9001" # production: remove
  }

  # A fine-grained token of an owner: it sees less than an App (no other tokens) and stops with its owner.
  credentials {
    token = secret("file:./run/github-sales.token") # production: env:GITHUB_SALES_TOKEN, or an App as above
  }

  realtime = "pull"

  quota {
    share = 0.5 # of the token's calls; the rest is left to others who use it
  }
}

# Who there is, also those who left: the list that the others are compared with.
instance "okta" "workforce" {
  settings {
    base_url = "http://127.0.0.1:9002" # production: https://acme.okta.com, without "-admin"
    key_id   = "acme-mooring-key"      # production: the KID beside the public key on the app's page
  }

  # A service app (API Services) with the scopes that only read: it has a quota of its own, and no person behind it.
  credentials {
    client_id   = "0oa1acme000000000005"            # production: on the app's page
    private_key = secret("file:./run/okta-app.pem") # production: file:/etc/mooring/okta-app.pem
  }

  # Another service app, with the scopes that manage.
  actions {
    credentials {
      client_id   = "0oa1acme000000000006"
      private_key = secret("file:./run/okta-acting.pem")
    }
  }

  # The System Log is read every few seconds, so what happens shows at once, without an event hook.
  realtime = "pull"
}

# The directory, everybody's drives and the shared ones, the logs.
instance "googleworkspace" "office" {
  settings {
    admin      = "jonas.morgan@acme.example" # production: an administrator, in whose name the directory and the logs are read
    quarantine = "0AQuarantine"              # a shared drive for files that an action takes out of reach
    base_url   = "http://127.0.0.1:9003"     # production: remove these three
    drive_url  = "http://127.0.0.1:9003"
    token_url  = "http://127.0.0.1:9003/token"
  }

  # A service account with domain-wide delegation of the scopes that only read. Scope admin.directory.user.security, which
  # could also revoke, is not among them: the apps that people let in come from the log instead.
  credentials {
    service_account_key = secret("file:./run/googleworkspace-key.json") # production: file:/etc/mooring/googleworkspace.json
  }

  # Another service account, to which the scopes that write are delegated as well.
  actions {
    credentials {
      service_account_key = secret("file:./run/googleworkspace-acting.json")
    }
  }

  scan "files" {
    every = "12h" # what changes meanwhile is seen in the Drive log
  }

  realtime = "pull"
}

# Files of two of three people, and folders that teams share.
instance "box" "content" {
  settings {
    base_url    = "http://127.0.0.1:9004" # production: remove both
    account_url = "http://127.0.0.1:9004"
  }

  # A Platform App with Client Credentials Grant, which acts as each user. A person's consent works too: `mooring login`.
  credentials {
    client_id     = "acmemooringbox0clientid0000000"       # production: on the app's page Configuration
    client_secret = secret("file:./run/box-client.secret") # production: env:BOX_CLIENT_SECRET
    enterprise_id = "900100200"                            # production: on the app's page General Settings
  }

  # Another Platform App, which may write.
  actions {
    credentials {
      client_id     = "acmemooringbox0acting0000000"
      client_secret = secret("file:./run/box-acting.secret")
      enterprise_id = "900100200"
    }
  }

  realtime = "pull" # the enterprise's events are looked at every few seconds

  quota {
    share = 0.9 # of 1,000 calls a minute
  }
}

# What should not be. What matches already at the first look is counted and raises no alarm. Ready policies are in
# examples/policies: copy the files beside this one (--config may be a folder). `mooring policy try NAME` says what one would
# find before it says it to anybody, `mooring policy test` runs the tests.

policy "open-to-everybody" {
  description = "A file in a drive that everybody can find and read"
  on          = "file"
  when        = "provider == 'googleworkspace' && file.type == 'file' && file.access_level == 'public'"
  severity    = "high"
  mode        = "enforce" # alert: tell, and do nothing; observe: only count

  action "make_private" {
    approval = "required" # `mooring approve ID`; none: at once, but no more than max_per_hour
  }

  test "everybody can read it" {
    expect   = "match"
    instance = "googleworkspace/office"
    file     = { type = "file", access_level = "public" }
  }
  test "only ours can, or who has the link" {
    expect   = "no match"
    instance = "googleworkspace/office"
    file     = [{ type = "file", access_level = "internal" }, { type = "file", access_level = "link" }]
  }
}

policy "left-but-active" {
  description = "Blocked or deleted where people are managed, and still active somewhere else"
  on          = "account"
  when        = <<-CEL
    account.status == 'active' && account.type != 'service' && person(account).accounts.exists(a,
      a.provider in ['okta', 'googleworkspace'] && a.account.status in ['suspended', 'deleted'])
  CEL
  severity    = "high"

  test "deleted in Okta, active in Box" {
    expect   = "match"
    instance = "box/content"
    account  = { email = "rosa@acme.example", status = "active", type = "user" }
    given "account" "okta/workforce" {
      email  = "rosa@acme.example"
      status = "deleted"
    }
  }
}

policy "many-downloads" {
  description = "Somebody downloads fifty different files within ten minutes"
  on          = "activity"
  when        = "activity.type == 'file_download'"
  severity    = "medium"

  repeat {
    count    = 50
    within   = "10m"
    by       = "actor"
    distinct = "target"
  }

  test "sixty within five minutes" {
    expect   = "match"
    times    = 60
    every    = "5s"
    activity = { type = "file_download", actor = "ann@acme.example", targets = ["f#"] }
  }
}

# All that happens, as lines of OCSF for a SIEM. Others: sink "webhook" (json, slack, teams), sink "smtp".
sink "ocsf" "siem" {
  path = "./data/events.jsonl" # production: /var/log/mooring/events.jsonl
}
