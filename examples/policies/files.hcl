# Which files lie open, and to whom.

policy "keys-shared" {
  description = "A private key or certificate that everybody, or everybody with the link, can read."
  on          = "file"
  when        = <<-CEL
    (file.access_level in ['link', 'public'] || parent(file).access_level in ['link', 'public'])
      && file.type == 'file'
      && file.name.matches(r'(?i)(\.(pem|key|p12|pfx|jks|keystore|ppk|der|crt|cer|asc|gpg|kdbx|ovpn)$|^id_(rsa|dsa|ecdsa|ed25519)$)')
  CEL
  severity    = "critical"

  test "a key behind a link" {
    expect = "match"
    file   = [{ type = "file", name = "Server.PEM", access_level = "link" }, { type = "file", name = "id_rsa", access_level = "public" }]
  }
  test "a key in a public repository" {
    expect = "match"
    file   = { type = "file", name = "id_rsa", parent = "repo" }
    given "file" {
      id           = "repo"
      access_level = "public"
    }
  }
  test "a key that is not shared, and what is no key" {
    expect = "no match"
    file   = [{ type = "file", name = "id_rsa.pub", access_level = "public" }]
  }
  test "private" {
    expect = "no match"
    file   = { type = "file", name = "server.pem", access_level = "private", parent = "folder" }
    given "file" {
      id           = "folder"
      access_level = "private"
    }
  }
  test "nobody says who can read it" {
    expect = "unknown"
    file   = { type = "file", name = "server.pem" }
  }
}

policy "credentials-shared" {
  description = "A file that mostly holds passwords or cloud keys, readable by everybody or everybody with the link."
  on          = "file"
  when        = <<-CEL
    (file.access_level in ['link', 'public'] || parent(file).access_level in ['link', 'public'])
      && file.type == 'file'
      && file.name.matches(r'(?i)(^\.env(\..*)?$|^\.?(netrc|pgpass|npmrc|htpasswd|git-credentials)$|^(credentials|secrets?|passwords?)(\.[a-z]+)?$|^wp-config\.php$|\.tfstate$)')
  CEL
  severity    = "critical"

  test "in a public repository" {
    expect = "match"
    file   = { type = "file", name = ".env.production", parent = "repo" }
    given "file" {
      id           = "repo"
      access_level = "public"
    }
  }
  test "by link" {
    expect = "match"
    file   = [{ type = "file", name = "passwords.xlsx", access_level = "link" }, { type = "file", name = "prod.tfstate", access_level = "public" }]
  }
  test "other files" {
    expect = "no match"
    file   = { type = "file", name = "environment.md", access_level = "public" }
  }
}

policy "sensitive-name-shared" {
  description = "By its name a list of customers, salaries or identity papers, readable by everybody or everybody with the link."
  on          = "file"
  when        = <<-CEL
    (file.access_level in ['link', 'public'] || parent(file).access_level in ['link', 'public'])
      && file.type == 'file'
      && file.name.matches(r'(?i)(customers?|clients?|patients?|payroll|salar(y|ies)|passports?|iban|credit.?cards?|ssn).*\.(csv|tsv|xlsx?|ods|json|sql|pdf|zip)$')
  CEL
  severity    = "high"

  test "customers behind a link" {
    expect = "match"
    file   = { type = "file", name = "customers.csv", access_level = "link" }
  }
  test "customers in a public repository" {
    expect = "match"
    file   = { type = "file", name = "customers.csv", parent = "repo" }
    given "file" {
      id           = "repo"
      access_level = "public"
    }
  }
  test "internal" {
    expect = "no match"
    file   = { type = "file", name = "customers.csv", access_level = "internal", parent = "folder" }
    given "file" {
      id           = "folder"
      access_level = "internal"
    }
  }
}

policy "sensitive-content-shared" {
  description = "Inspection found something sensitive in a file that people outside can read."
  on          = "file"
  when        = "file.access_level in ['external', 'link', 'public'] && file.inspection.findings.exists(f, f.count > 0)"
  severity    = "high"

  test "card numbers behind a link" {
    expect = "match"
    file   = { name = "x.csv", access_level = "link", inspection = { status = "found", findings = [{ detector = "payment-card", count = 12 }] } }
  }
  test "only ours can read it" {
    expect = "no match"
    file   = { name = "x.csv", access_level = "internal", inspection = { status = "found", findings = [{ detector = "payment-card", count = 12 }] } }
  }
  test "not inspected yet" {
    expect = "unknown"
    file   = { name = "x.csv", access_level = "link" }
  }
}

policy "labelled-file-shared" {
  description = "A label says that it is confidential, and people outside can read it. Put your own labels in."
  on          = "file"
  when        = "file.access_level in ['external', 'link', 'public'] && file.labels.exists(l, l.matches('(?i)confidential|secret|restricted'))"
  severity    = "high"

  test "confidential" {
    expect = "match"
    file   = { access_level = "external", labels = ["Confidential"] }
  }
  test "no such label" {
    expect = "no match"
    file   = [{ access_level = "external", labels = ["Public"] }, { access_level = "external", labels = [] }]
  }
}

policy "shared-with-personal-address" {
  description = "Shared with a mailbox of a free mail provider: it stays with a person, not with a company."
  on          = "file"
  when        = "file.access.exists(a, party(a.principal) == 'personal')"
  severity    = "medium"

  test "somebody's own mailbox" {
    expect = "match"
    file   = { access = [{ principal = "ann@acme.example", role = "owner" }, { principal = "ann.private@gmail.com", role = "read" }] }
  }
  test "a colleague" {
    expect = "no match"
    file   = { access = [{ principal = "ann@acme.example", role = "owner" }] }
  }
}

policy "shared-with-unauthorised-domain" {
  description = "Shared with somebody who is neither one of us nor of a partner in organization."
  on          = "file"
  when        = "file.access.exists(a, party(a.principal) == 'other')"
  severity    = "low"

  test "a stranger" {
    expect = "match"
    file   = { access = [{ principal = "eve@initech.example", role = "read" }] }
  }
  test "a partner" {
    expect   = "no match"
    partners = { globex = "globex.example" }
    file     = { access = [{ principal = "eve@globex.example", role = "read" }] }
  }
}

policy "stale-external-sharing" {
  description = "Shared outside and untouched for half a year: nobody needs it any more."
  on          = "file"
  when        = "file.access_level in ['external', 'link', 'public'] && file.type in ['file', 'folder'] && file.modified_at < ago('180d')"
  severity    = "low"

  test "an old link" {
    expect = "match"
    file   = { type = "file", access_level = "link", modified_at = "-181d" }
  }
  test "still worked on" {
    expect = "no match"
    file   = { type = "file", access_level = "link", modified_at = "-2d" }
  }
  test "ours" {
    expect = "no match"
    file   = { type = "file", access_level = "internal", modified_at = "-400d" }
  }
}

policy "source-code-shared" {
  description = "Source code in a document store that people outside can read."
  on          = "file"
  when        = <<-CEL
    file.access_level in ['external', 'link', 'public'] && file.type == 'file'
      && file.name.matches(r'(?i)\.(go|java|kt|py|rb|rs|c|cc|cpp|h|hpp|cs|swift|scala|php|ts|tsx|jsx?|sql|sh|ps1|tf)$')
  CEL
  severity    = "medium"

  test "a program behind a link" {
    expect = "match"
    file   = { type = "file", name = "billing.go", access_level = "link" }
  }
  test "a document" {
    expect = "no match"
    file   = { type = "file", name = "billing.docx", access_level = "link" }
  }
}

policy "public-repository" {
  description = "A repository that everybody can read. What was public at the first look is the baseline."
  on          = "file"
  when        = "file.type == 'repository' && file.access_level == 'public'"
  severity    = "medium"
  group       = "record"

  test "public" {
    expect = "match"
    file   = { type = "repository", access_level = "public" }
  }
  test "private" {
    expect = "no match"
    file   = { type = "repository", access_level = "private" }
  }
}

policy "public-bucket" {
  description = "Storage in the cloud that everybody can read."
  on          = "file"
  when        = "file.type in ['bucket', 'site'] && file.access_level == 'public'"
  severity    = "critical"
  group       = "record"

  test "public" {
    expect = "match"
    file   = { type = "bucket", access_level = "public" }
  }
  test "private" {
    expect = "no match"
    file   = { type = "bucket", access_level = "private" }
  }
}

policy "guest-with-admin-rights" {
  description = "A guest, or somebody from outside, who can change who has access."
  on          = "file"
  when        = "file.access.exists(a, a.role == 'admin' && (account_of(a.principal).type == 'guest' || account_of(a.principal).external))"
  severity    = "high"
  group       = "record"

  test "an outside collaborator with admin" {
    expect = "match"
    file   = { type = "repository", access = [{ principal = "g1", role = "admin" }] }
    given "account" {
      id   = "g1"
      type = "guest"
    }
  }
  test "one who may only read, and an admin of ours" {
    expect = "no match"
    file   = { type = "repository", access = [{ principal = "g1", role = "read" }, { principal = "a1", role = "admin" }] }
    given "account" {
      id   = "g1"
      type = "guest"
    }
    given "account" {
      id       = "a1"
      type     = "user"
      external = false
    }
  }
}

policy "became-public" {
  description = "A file or folder was opened to everybody just now."
  on          = "file"
  when        = "file.access_level in ['link', 'public'] && before.access_level in ['private', 'internal', 'external']"
  severity    = "medium"

  test "made public" {
    expect = "match"
    before = { access_level = "private" }
    file   = { access_level = "public" }
  }
  test "was a link before" {
    expect = "no match"
    before = { access_level = "link" }
    file   = { access_level = "public" }
  }
  test "new, and nobody knows what was before" {
    expect = "unknown"
    change = "created"
    file   = { access_level = "public" }
  }
}

policy "ransomware-names" {
  description = "A file is called what ransomware calls what it encrypted, or its note."
  on          = "file"
  when        = <<-CEL
    file.type == 'file' && (
      file.name.matches(r'(?i)\.(locky|zepto|cerber3?|crypt(ed|z)?|encrypted|locked|wn?cry(t)?|wcry|lockbit|ryk|conti|akira|blackcat|phobos|djvu|stop|makop|eking|clop|maze|revil|sodinokibi|medusa|royal|play)$')
      || file.name.matches(r'(?i)(how.?to.?(decrypt|recover|restore)|(decrypt|recover|restore).?(my|your)?.?files|read.?me.?(to|for).?(decrypt|restore)|ransom.?note).*\.(txt|html?|hta)$'))
  CEL
  severity    = "critical"
  group       = "none"

  test "encrypted, and the note" {
    expect = "match"
    file   = [{ type = "file", name = "budget.xlsx.lockbit" }, { type = "file", name = "HOW_TO_DECRYPT.txt" }]
  }
  test "other files" {
    expect = "no match"
    file   = [{ type = "file", name = "budget.xlsx" }, { type = "file", name = "README.txt" }]
  }
}
