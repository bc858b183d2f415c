# The plans contain only what the policies read.

run "nothing_to_say" {
  command = plan

  variables {
    plan = "testdata/create.json"
  }

  assert {
    condition     = length(output.destroyed) == 0
    error_message = "A plan that only creates destroys something."
  }
}

run "nothing_to_do" {
  command = plan

  variables {
    plan = "testdata/nothing.json"
  }

  assert {
    condition     = length(output.actions) == 0
    error_message = "A plan of nothing does something."
  }
}

run "destroy_is_refused" {
  command = plan

  variables {
    plan = "testdata/destroy.json"
  }

  expect_failures = [output.destroyed]
}

run "destroy_is_allowed_by_name" {
  command = plan

  variables {
    plan    = "testdata/destroy.json"
    allowed = "testdata/allowed.yaml"
  }

  assert {
    condition     = join(",", output.destroyed) == "shop.customer-a.com"
    error_message = "The destroyed hostname is not named."
  }
}

run "replace_is_refused" {
  command = plan

  variables {
    plan = "testdata/replace.json"
  }

  expect_failures = [output.destroyed]
}

run "forget_is_refused" {
  command = plan

  variables {
    plan = "testdata/forget.json"
  }

  expect_failures = [output.forgotten]
}

run "forget_is_allowed_by_address" {
  command = plan

  variables {
    plan    = "testdata/forget.json"
    allowed = "testdata/allowed.yaml"
  }

  assert {
    condition     = join(",", output.forgotten) == "esa_custom_hostname.shop"
    error_message = "The forgotten hostname is not named."
  }
}

run "key_in_state_is_refused" {
  command = plan

  variables {
    plan = "testdata/private-key.json"
  }

  expect_failures = [output.uploads]
}

run "unknown_key_is_refused" {
  command = plan

  variables {
    plan = "testdata/unknown-private-key.json"
  }

  expect_failures = [output.uploads]
}

run "unknown_certificate_is_refused" {
  command = plan

  variables {
    plan = "testdata/unknown-certificate.json"
  }

  expect_failures = [output.uploads]
}

run "unknown_hostname_is_refused" {
  command = plan

  variables {
    plan = "testdata/unknown-hostname.json"
  }

  expect_failures = [output.uploads]
}

run "unknown_action_is_refused" {
  command = plan

  variables {
    plan = "testdata/unknown-action.json"
  }

  expect_failures = [output.actions]
}

run "plan_with_an_error_is_refused" {
  command = plan

  variables {
    plan = "testdata/errored.json"
  }

  expect_failures = [output.actions]
}

run "plan_that_puts_changes_off_is_refused" {
  command = plan

  variables {
    plan = "testdata/deferred.json"
  }

  expect_failures = [output.actions]
}

run "missing_plan_is_refused" {
  command = plan

  variables {
    plan = "testdata/there-is-none.json"
  }

  expect_failures = [var.plan]
}

run "text_is_refused" {
  command = plan

  variables {
    plan = "testdata/not-json.txt"
  }

  expect_failures = [var.plan]
}

run "other_json_is_refused" {
  command = plan

  variables {
    plan = "testdata/no-plan.json"
  }

  expect_failures = [var.plan]
}

run "other_format_is_refused" {
  command = plan

  variables {
    plan = "testdata/other-format.json"
  }

  expect_failures = [var.plan]
}
