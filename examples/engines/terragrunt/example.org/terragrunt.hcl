include "root" {
  path = find_in_parent_folders("root.hcl")
}

inputs = {
  site                = "example.org"
  requests_per_second = 5
}
