agent {
  data_dir = "./data"
}
organization {
  personal = ["not a domain"]
  partner "ours" {
    domains = ["a.example"]
  }
  partner "globex" {
  }
  partner "globex" {
    domains = ["b.example"]
  }
  partner "Big Corp" {
    domains = ["c.example"]
    trust   = "much"
  }
}
