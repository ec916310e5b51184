agent {
  data_dir = "data"
}

network {
  private = ["127.0.0.1"]
}

sink "ocsf" "siem" {
  path        = "log/events.jsonl"
  max_size_mb = 5
  max_files   = 3
}

sink "webhook" "chat" {
  url      = secret("env:CHAT_URL")
  template = "slack"
  send     = ["alert.opened", "action.*"]
  when {
    severity  = "high"
    policies  = ["keys-*"]
    instances = ["github/*", "okta/workforce"]
  }
}

sink "webhook" "own" {
  url         = "http://127.0.0.1:9200/mooring"
  template    = "./chat.tmpl"
  signing_key = secret("file:signing.key")
  enabled     = false
  headers {
    Authorization = secret("env:OWN_AUTHORIZATION")
    X-Team        = "security"
  }
}

sink "smtp" "mail" {
  server         = "smtp.acme.example:587"
  from           = "mooring@acme.example"
  to             = ["security@acme.example"]
  to_owner       = true
  to_last_editor = true
  digest         = "1h"
  user           = "mooring"
  password       = secret("env:MAIL_PASSWORD")
}

sink "smtp" "local" {
  server = "localhost:25"
  from   = "mooring@acme.example"
  to     = ["security@acme.example"]
  tls    = "off"
}
