agent {
  data_dir       = "./data"
  listen         = "127.0.0.1:8420"      # console and API
  connector_dirs = ["./bin/connectors"]
}

organization {                           # who "we" are; changing it re-judges, it does not re-fetch
  domains   = ["acme.example"]           # default: the verified domains the connectors report
  protected = ["breakglass@acme.example"]
}

network {                                # proxy, private roots, private addresses that may be dialled
  ca_files = ["/etc/ssl/corp-root.pem"]
  private  = ["127.0.0.1"]
}

instance "github" "sales" {              # several instances of one provider: different second labels
  settings {
    organization = "acme-sales"          # checked against the connector's own schema
    base_url     = "http://127.0.0.1:9001"
  }
  credentials {                          # read only
    app_id      = "123456"
    private_key = secret("file:/run/credentials/github.pem")
  }
  actions {                              # absent = the instance cannot change anything, by construction
    credentials {
      token = secret("env:GITHUB_ACT_TOKEN")
    }
  }
  scan "files" {
    every = "12h"
  }
  scan "activities" {
    every    = "5m"
    lookback = "max"
  }
  realtime = "pull"                      # off | pull (long-poll, queues, logs; no inbound needed) | push (needs ingest {})
  quota {
    share = 0.5                          # of what the tenant shares with other integrations
  }
  enabled = true                         # false pauses and keeps every bookmark
}

policy "keys-in-public-files" {
  on       = "file"
  when     = "file.access_level in ['link', 'public'] && file.inspection.findings.exists(f, f.detector == 'private-key')"
  severity = "high"
  mode     = "alert"                     # observe | alert (default) | enforce
  action "make_private" {
    approval = "required"
  }
}
