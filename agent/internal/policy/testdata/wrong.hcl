policy "w01" {
  on   = "file"
  when = "file.acess_level == 'public'"
}

policy "w02" {
  on   = "file"
  when = "file.owner.mail == 'x'"
}

policy "w03" {
  on   = "file"
  when = "file.access.exists(a, a.principle.email == 'x')"
}

policy "w04" {
  on   = "file"
  when = "file.inspection.findngs.exists(f, f.detector == 'x')"
}

policy "w05" {
  on   = "account"
  when = "account.name.first == 'Ann'"
}

policy "w06" {
  on   = "account"
  when = "file.name == 'x'"
}

policy "w07" {
  on   = "account"
  when = "name == 'x'"
}

policy "w08" {
  on   = "account"
  when = "acount.admin"
}

policy "w09" {
  on   = "account"
  when = "account.status == active"
}

policy "w10" {
  on   = "account"
  when = "account.admin == True"
}

policy "w11" {
  on   = "grant"
  when = "grant.account.owner == 'x'"
}

policy "w12" {
  on   = "membership"
  when = "owner(membership).mfaa == 'off'"
}

policy "w13" {
  on   = "file"
  when = "file.access_level == 'Public'"
}

policy "w14" {
  on   = "file"
  when = "file.access_level in ['link', 'open']"
}

policy "w15" {
  on   = "file"
  when = "'shared' == file.access_level"
}

policy "w16" {
  on   = "file"
  when = "file.access.exists(a, a.role == 'writer')"
}

policy "w17" {
  on   = "file"
  when = "file.owner.kind == 'user'"
}

policy "w18" {
  on   = "account"
  when = "person(account).accounts.exists(a, a.account.status == 'disabled')"
}

policy "w19" {
  on   = "activity"
  when = "activity.type == 'login_fail'"
}

policy "w20" {
  on   = "grant"
  when = "grant.state != 'expred'"
}

policy "w21" {
  on   = "app"
  when = "verdict(app) == 'bannd'"
}

policy "w22" {
  on   = "file"
  when = "owner(file).mfa == 'none'"
}

policy "w23" {
  on   = "file"
  when = "file.modified_at < ago('90x')"
}

policy "w24" {
  on   = "file"
  when = "since(file.modified_at) > duration('1y')"
}

policy "w25" {
  on   = "file"
  when = "file.created_at > timestamp('2026-13-01')"
}

policy "w26" {
  on   = "activity"
  when = "activity.ip.in_cidr('10.0.0.0/40')"
}

policy "w27" {
  on   = "activity"
  when = "!activity.ip.in_cidr('10.0.0.0')"
}

policy "w28" {
  on   = "file"
  when = "file.name.matches('*.pem')"
}

policy "w29" {
  on   = "file"
  when = "file.name.glob('[a-')"
}

policy "w30" {
  on   = "file"
  when = "has(file.name)"
}

policy "w31" {
  on   = "file"
  when = "in_grp(file.owner, 'admins')"
}

policy "w32" {
  on   = "file"
  when = "in_group(file.owner)"
}

policy "w33" {
  on   = "file"
  when = "in_group(file, 'admins')"
}

policy "w34" {
  on   = "app"
  when = "owner(app).email == 'x'"
}

policy "w35" {
  on   = "account"
  when = "person(account.created_at).email == 'x'"
}

policy "w36" {
  on   = "account"
  when = "since(account.name) > duration('1d')"
}

policy "w37" {
  on   = "account"
  when = "party() == 'ours'"
}

policy "w38" {
  on   = "account"
  when = "verdict(account) == 'banned'"
}

policy "w39" {
  on   = "file"
  when = "file.name.ends_with('.pem')"
}

policy "w40" {
  on   = "account"
  when = "account.name.startsWith(1)"
}

policy "w41" {
  on   = "file"
  when = "size(file.owner) > 1"
}

policy "w42" {
  on   = "file"
  when = "file.name"
}

policy "w43" {
  on   = "file"
  when = "file.size_bytes == '5'"
}

policy "w44" {
  on   = "file"
  when = "file.size_bytes > 1.5"
}

policy "w45" {
  on   = "file"
  when = "file.owner == 'ann@acme.example'"
}

policy "w46" {
  on   = "file"
  when = "file.labels == 'secret'"
}

policy "w47" {
  on   = "file"
  when = "file.modified_at < '2026-01-01'"
}

policy "w48" {
  on   = "file"
  when = "since(file.modified_at) > '1d'"
}

policy "w49" {
  on   = "account"
  when = "account.admin == 'true'"
}

policy "w50" {
  on   = "account"
  when = "!account.name"
}

policy "w51" {
  on   = "account"
  when = "account.admin && account.name"
}

policy "w52" {
  on   = "account"
  when = "account.name.exists(c, c == 'x')"
}

policy "w53" {
  on   = "file"
  when = "file.access.exists('a', true)"
}

policy "w54" {
  on   = "account"
  when = "account.created_at.email == 'x'"
}

policy "w55" {
  on   = "account"
  when = "person(account).accounts == 'okta'"
}

policy "w56" {
  on   = "account"
  when = "account.admin = true"
}

policy "w57" {
  on   = "account"
  when = "account.admin and account.external"
}

policy "w58" {
  on   = "account"
  when = "account.admin & account.external"
}

policy "w59" {
  on   = "account"
  when = "account.name == 'x"
}

policy "w60" {
  on   = "account"
  when = "account.admin &&"
}

policy "w61" {
  on   = "account"
  when = "(account.admin"
}

policy "w62" {
  on   = "account"
  when = "account.admin)"
}

policy "w63" {
  on   = "account"
  when = "   "
}

policy "w64" {
  on   = "activity"
  when = "change.what == 'created'"
}

policy "w65" {
  on   = "activity"
  when = "before.type == 'login'"
}

policy "w66" {
  on   = "account"
  when = "change.what == 'update'"
}

policy "w67" {
  on   = "account"
  when = "'mffa' in change.fields"
}

policy "w68" {
  on   = "account"
  when = "change.field == 'mfa'"
}

policy "w69" {
  on   = "account"
  when = "before.admn"
}

policy "w70" {
  on   = "file"
  when = <<-END
    file.access_level == 'public'
      && file.nam.endsWith('.pem')
  END
}

policy "w71" {
  on   = "file"
  when = "file.name == \"a\" && file.sise_bytes > 1"
}

policy "w72" {
  on   = "file"
  when = "file.name == 'ä$${x}' && file.onwer.email == 'x'"
}

policy "w73" {
  on   = "person"
  when = "person.name == 'x'"
}

policy "w74" {
  on   = "account"
  when = "account.admin"
  group = "folder"
}

policy "w75" {
  on   = "account"
  when = "account.admin"
  group = "actor"
}

policy "w76" {
  on   = "app"
  when = "app.verified == false"
  group = "owner"
}

policy "w77" {
  on   = "account"
  when = "account.admin"
  repeat {
    count  = 5
    within = "1m"
  }
}

policy "w78" {
  on   = "activity"
  when = "activity.type == 'login'"
  repeat {
    count  = 5
    within = "1m"
    by     = "acter"
  }
}

policy "w79" {
  on   = "activity"
  when = "activity.type == 'login'"
  repeat {
    count    = 5
    within   = "1m"
    distinct = "country_code"
  }
}

policy "w80" {
  on   = "activity"
  when = "activity.type == 'login'"
  repeat {
    count    = 5
    within   = "1m"
    by       = "ip"
    distinct = "ip"
  }
}

policy "w81" {
  on   = "account"
  when = "account.admin"
  mode = "enforce"
  action "suspnd" {
  }
}

policy "w82" {
  on   = "account"
  when = "account.admin"
  mode = "enforce"
  action "make_private" {
  }
}

policy "w83" {
  on   = "app"
  when = "app.verified == false"
  mode = "enforce"
  action "suspend" {
  }
}

policy "w84" {
  on   = "file"
  when = "file.trashed"
  mode = "enforce"
  action "make_private" {
    notfy = true
  }
}

policy "w85" {
  on   = "file"
  when = "file.trashed"
  mode = "enforce"
  action "transfer_ownership" {
  }
}

policy "w86" {
  on   = "file"
  when = "file.trashed"
  mode = "enforce"
  action "transfer_ownership" {
    to   = "ann"
    keep = "maybe"
  }
}

policy "w87" {
  on   = "file"
  when = "file.trashed"
  mode = "enforce"
  action "change_link" {
    access = "world"
    for    = "soon"
    times  = "many"
  }
}

policy "w88" {
  on   = "account"
  when = "account.admin"
  mode = "enforce"
}

policy "w89" {
  on   = "file"
  when = "file.trashed"
  action "make_private" {
  }
}

policy "w90" {
  on   = "account"
  when = "true"
}

policy "w91" {
  on   = "account"
  when = "provider == 'githb' && account.admin"
}

policy "w92" {
  on   = "account"
  when = "account.org_unit == 'x'"
}

policy "w93" {
  on   = "role"
  when = "role.privileged"
}

policy "w94" {
  on   = "file"
  when = "file.trashed"
  mode = "enforce"
  action "trash" {
  }
}

policy "w95" {
  on   = "account"
  when = "account.mfa == null"
}

policy "w96" {
  on   = "account"
  when = "not account.admin"
}

policy "w97" {
  on   = "account"
  when = "account.mfa == ''"
}

policy "w98" {
  on   = "file"
  when = "'access_level' in change.fields"
}
