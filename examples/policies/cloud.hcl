# What happened in AWS and Google Cloud, by the names that their logs use. For instances of those providers; without one,
# `mooring validate` says that there is none.

policy "aws-console-sign-in-failures" {
  description = "A sign-in to the AWS console failed."
  on          = "activity"
  when        = "provider == 'aws' && activity.outcome == 'failure' && activity.action.matches(r'^ConsoleLogin$')"
  severity    = "low"

  test "it happened" {
    expect   = "match"
    instance = "aws/main"
    activity = { action = "ConsoleLogin", outcome = "failure", actor = "ann@acme.example" }
  }
  test "something else, or somewhere else" {
    expect   = "no match"
    instance = "aws/main"
    activity = { action = "GetObject", outcome = "failure", actor = "ann@acme.example" }
  }
}

policy "aws-trail-changed" {
  description = "Somebody changed or stopped CloudTrail: what happens next may not be seen."
  on          = "activity"
  when        = "provider == 'aws' && activity.outcome == 'success' && activity.action.matches(r'^(Create|Update|Delete|Stop|Start)(Trail|Logging)|^PutEventSelectors$')"
  severity    = "high"

  test "it happened" {
    expect   = "match"
    instance = "aws/main"
    activity = { action = "StopLogging", outcome = "success", actor = "ann@acme.example" }
  }
  test "something else, or somewhere else" {
    expect   = "no match"
    instance = "aws/main"
    activity = { action = "LookupEvents", outcome = "success", actor = "ann@acme.example" }
  }
}

policy "aws-instances-changed" {
  description = "EC2 instances were started, stopped, changed or ended."
  on          = "activity"
  when        = "provider == 'aws' && activity.outcome == 'success' && activity.action.matches(r'^(Run|Reboot|Start|Stop|Terminate)Instances$|^ModifyInstanceAttribute$')"
  severity    = "low"

  test "it happened" {
    expect   = "match"
    instance = "aws/main"
    activity = { action = "TerminateInstances", outcome = "success", actor = "ann@acme.example" }
  }
  test "something else, or somewhere else" {
    expect   = "no match"
    instance = "aws/main"
    activity = { action = "DescribeInstances", outcome = "success", actor = "ann@acme.example" }
  }
}

policy "aws-iam-changed" {
  description = "IAM policies were changed, attached or taken away."
  on          = "activity"
  when        = "provider == 'aws' && activity.outcome == 'success' && activity.action.matches(r'^(Put|Delete|Attach|Detach)(Group|Role|User)Policy$|^(Create|Delete)Policy(Version)?$')"
  severity    = "medium"

  test "it happened" {
    expect   = "match"
    instance = "aws/main"
    activity = { action = "AttachUserPolicy", outcome = "success", actor = "ann@acme.example" }
  }
  test "something else, or somewhere else" {
    expect   = "no match"
    instance = "aws/main"
    activity = { action = "ListPolicies", outcome = "success", actor = "ann@acme.example" }
  }
}

policy "aws-network-acl-changed" {
  description = "A network ACL was changed."
  on          = "activity"
  when        = "provider == 'aws' && activity.outcome == 'success' && activity.action.matches(r'^(Create|Delete|Replace)NetworkAcl(Entry|Association)?$')"
  severity    = "medium"

  test "it happened" {
    expect   = "match"
    instance = "aws/main"
    activity = { action = "ReplaceNetworkAclEntry", outcome = "success", actor = "ann@acme.example" }
  }
  test "something else, or somewhere else" {
    expect   = "no match"
    instance = "aws/main"
    activity = { action = "DescribeNetworkAcls", outcome = "success", actor = "ann@acme.example" }
  }
}

policy "aws-gateways-changed" {
  description = "A gateway to other networks was changed."
  on          = "activity"
  when        = "provider == 'aws' && activity.outcome == 'success' && activity.action.matches(r'^(Attach|Create|Delete|Detach)(Customer|Internet|Nat)Gateway$')"
  severity    = "medium"

  test "it happened" {
    expect   = "match"
    instance = "aws/main"
    activity = { action = "AttachInternetGateway", outcome = "success", actor = "ann@acme.example" }
  }
  test "something else, or somewhere else" {
    expect   = "no match"
    instance = "aws/main"
    activity = { action = "DescribeInternetGateways", outcome = "success", actor = "ann@acme.example" }
  }
}

policy "aws-buckets-changed" {
  description = "The access, policy or life of an S3 bucket was changed."
  on          = "activity"
  when        = "provider == 'aws' && activity.outcome == 'success' && activity.action.matches(r'^(Put|Delete)Bucket(Acl|Policy|Cors|Lifecycle|Replication|PublicAccessBlock|Encryption)?$|^(Put|Delete)PublicAccessBlock$')"
  severity    = "medium"

  test "it happened" {
    expect   = "match"
    instance = "aws/main"
    activity = { action = "PutBucketPolicy", outcome = "success", actor = "ann@acme.example" }
  }
  test "something else, or somewhere else" {
    expect   = "no match"
    instance = "aws/main"
    activity = { action = "ListBuckets", outcome = "success", actor = "ann@acme.example" }
  }
}

policy "aws-security-groups-changed" {
  description = "A security group was changed."
  on          = "activity"
  when        = "provider == 'aws' && activity.outcome == 'success' && activity.action.matches(r'^(Authorize|Revoke)SecurityGroup(Ingress|Egress)$|^(Create|Delete)SecurityGroup$')"
  severity    = "medium"

  test "it happened" {
    expect   = "match"
    instance = "aws/main"
    activity = { action = "AuthorizeSecurityGroupIngress", outcome = "success", actor = "ann@acme.example" }
  }
  test "something else, or somewhere else" {
    expect   = "no match"
    instance = "aws/main"
    activity = { action = "DescribeSecurityGroups", outcome = "success", actor = "ann@acme.example" }
  }
}

policy "aws-vpn-changed" {
  description = "A VPN was changed."
  on          = "activity"
  when        = "provider == 'aws' && activity.outcome == 'success' && activity.action.matches(r'^(Create|Delete|Modify)(Vpn|ClientVpn|Vpc)')"
  severity    = "medium"

  test "it happened" {
    expect   = "match"
    instance = "aws/main"
    activity = { action = "CreateVpnConnection", outcome = "success", actor = "ann@acme.example" }
  }
  test "something else, or somewhere else" {
    expect   = "no match"
    instance = "aws/main"
    activity = { action = "DescribeVpnConnections", outcome = "success", actor = "ann@acme.example" }
  }
}

policy "gcp-compute-changed" {
  description = "Machines of Compute Engine were made, changed or deleted."
  on          = "activity"
  when        = "provider == 'gcp' && activity.outcome == 'success' && activity.action.matches(r'compute\\.instances\\.(insert|delete|start|stop|setMetadata|setServiceAccount)$')"
  severity    = "low"

  test "it happened" {
    expect   = "match"
    instance = "gcp/main"
    activity = { action = "v1.compute.instances.delete", outcome = "success", actor = "ann@acme.example" }
  }
  test "something else, or somewhere else" {
    expect   = "no match"
    instance = "gcp/main"
    activity = { action = "v1.compute.instances.list", outcome = "success", actor = "ann@acme.example" }
  }
}

policy "gcp-logging-changed" {
  description = "A sink or exclusion of the logs was changed: what happens next may not be seen."
  on          = "activity"
  when        = "provider == 'gcp' && activity.outcome == 'success' && activity.action.matches(r'logging\\.v2\\.ConfigServiceV2\\.(Create|Update|Delete)')"
  severity    = "high"

  test "it happened" {
    expect   = "match"
    instance = "gcp/main"
    activity = { action = "google.logging.v2.ConfigServiceV2.DeleteSink", outcome = "success", actor = "ann@acme.example" }
  }
  test "something else, or somewhere else" {
    expect   = "no match"
    instance = "gcp/main"
    activity = { action = "google.logging.v2.ConfigServiceV2.GetSink", outcome = "success", actor = "ann@acme.example" }
  }
}

policy "gcp-storage-changed" {
  description = "A bucket of Cloud Storage was made, deleted, or its access changed."
  on          = "activity"
  when        = "provider == 'gcp' && activity.outcome == 'success' && activity.action.matches(r'^storage\\.(buckets\\.(create|delete|update)|setIamPermissions)$')"
  severity    = "medium"

  test "it happened" {
    expect   = "match"
    instance = "gcp/main"
    activity = { action = "storage.setIamPermissions", outcome = "success", actor = "ann@acme.example" }
  }
  test "something else, or somewhere else" {
    expect   = "no match"
    instance = "gcp/main"
    activity = { action = "storage.objects.get", outcome = "success", actor = "ann@acme.example" }
  }
}

policy "gcp-network-changed" {
  description = "Networks, firewalls or VPNs were changed."
  on          = "activity"
  when        = "provider == 'gcp' && activity.outcome == 'success' && activity.action.matches(r'compute\\.(firewalls|networks|routes|vpnTunnels|vpnGateways)\\.(insert|delete|patch|update)$')"
  severity    = "medium"

  test "it happened" {
    expect   = "match"
    instance = "gcp/main"
    activity = { action = "v1.compute.firewalls.insert", outcome = "success", actor = "ann@acme.example" }
  }
  test "something else, or somewhere else" {
    expect   = "no match"
    instance = "gcp/main"
    activity = { action = "v1.compute.firewalls.list", outcome = "success", actor = "ann@acme.example" }
  }
}
