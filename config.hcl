# Two organisations of GitHub, as one would connect them in production, but served by examples/acme:
#
#   go run ./examples/acme            # serves both, and writes their credentials to ./run
#   mooring run --config config.hcl
#
# For production, change what the comments say.

agent {
  data_dir       = "./data"             # production: /var/lib/mooring
  listen         = "127.0.0.1:8420"     # for the console, which is not there yet; the API is on a unix socket
  connector_dirs = ["./bin/connectors"] # production: where the package put them
}

organization {
  domains = ["acme.example"] # production: your own, or nothing: then those that the providers verified
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
