# Checks a plan, in the JSON of "terraform show -json". It needs only Terraform or OpenTofu, and fails with everything that it
# refuses. ci/plan.sh runs it on every plan.
#
# It denies by default: it refuses a plan that it cannot read, values that are not known yet, and unknown actions. It checks
# hostnames; for other resources, it only refuses unknown actions.

terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    esa = {
      source  = "esa-provider/esa"
      version = "< 0.2.0"
    }
  }
}

variable "plan" {
  description = "Path of the plan in JSON."
  type        = string

  validation {
    condition     = can(regex("^1\\.", jsondecode(file(var.plan)).format_version))
    error_message = "No plan can be read at ${var.plan}: it is missing, is not JSON, or has another format than 1. Write it with terraform show -json."
  }
}

variable "allowed" {
  description = "Path of the file with the exceptions."
  type        = string
  default     = "allowed.yaml"
}

variable "days" {
  description = "Days for which an uploaded certificate must at least be valid."
  type        = number
  default     = 30
}

locals {
  plan    = jsondecode(file(var.plan))
  allowed = yamldecode(file(var.allowed))

  changes   = lookup(local.plan, "resource_changes", []) # an empty plan has none
  hostnames = [for change in local.changes : change if change.mode == "managed" && change.type == "esa_custom_hostname"]
  written   = [for change in local.hostnames : change if length(setintersection(change.change.actions, ["create", "update"])) > 0]

  destroyed = [for change in local.hostnames : change.change.before.hostname if contains(change.change.actions, "delete")]
  forgotten = [for change in local.changes : change.address if contains(change.change.actions, "forget")]

  # These values must be known at plan time: in the apply it would be too late.
  judged = ["hostname", "certificate", "private_key"]
  unseen = [for change in local.written : { address = change.address, arguments = [for name in local.judged : name if lookup(change.change.after_unknown, name, false)] }]
  seen   = [for i, change in local.written : change.change if length(local.unseen[i].arguments) == 0]

  # Only new certificates: an expiring one must not block all other changes.
  uploads = { for change in local.seen : change.after.hostname => provider::esa::parse_certificate(change.after.certificate).not_after
  if change.after.certificate != null && (change.before == null ? null : change.before.certificate) != change.after.certificate }

  unknown_actions = [for change in local.changes : "${change.address} (${join(", ", change.change.actions)})"
  if length(change.change.actions) == 0 || length(setsubtract(change.change.actions, ["no-op", "read", "create", "update", "delete", "forget"])) > 0]
  refused_destroys = sort(setsubtract(local.destroyed, local.allowed.destroy))
  refused_forgets  = sort(setsubtract(local.forgotten, local.allowed.forget))
  refused_unseen   = [for change in local.unseen : "${change.address} (${join(", ", change.arguments)})" if length(change.arguments) > 0]
  refused_uploads  = sort([for name, not_after in local.uploads : "${name} (until ${not_after})" if timecmp(not_after, timeadd(plantimestamp(), "${var.days * 24}h")) < 0])
  refused_keys     = sort([for change in local.seen : change.after.hostname if change.after.private_key != null])
}

output "actions" {
  description = "The actions of the plan, on all resources."
  value       = distinct(flatten([for change in local.changes : change.change.actions]))

  precondition {
    condition     = !lookup(local.plan, "errored", false) && length(lookup(local.plan, "deferred_changes", [])) == 0
    error_message = "The plan is not whole: it ended with an error, or puts changes off. Plan again."
  }

  precondition {
    condition     = length(local.unknown_actions) == 0
    error_message = "The policies do not know what the plan does with ${join(", ", local.unknown_actions)}."
  }
}

output "destroyed" {
  description = "The hostnames that the plan destroys or replaces."
  value       = local.destroyed

  precondition {
    condition     = length(local.refused_destroys) == 0
    error_message = "The plan destroys ${join(", ", local.refused_destroys)}. Traffic to them stops. To allow it, add them to destroy in policy/allowed.yaml."
  }
}

output "forgotten" {
  description = "The resources that the plan forgets: they continue to exist outside Terraform."
  value       = local.forgotten

  precondition {
    condition     = length(local.refused_forgets) == 0
    error_message = "The plan forgets ${join(", ", local.refused_forgets)}. They stay in ESA, unmanaged. To allow it, add them to forget in policy/allowed.yaml."
  }
}

output "uploads" {
  description = "The certificates that the plan uploads, and their expiry dates."
  value       = local.uploads

  precondition {
    condition     = length(local.refused_unseen) == 0
    error_message = "What is not known before the apply cannot be judged: ${join(", ", local.refused_unseen)}. Take it from files or variables, not from other resources."
  }

  precondition {
    condition     = length(local.refused_uploads) == 0
    error_message = "These certificates are good for less than ${var.days} days: ${join(", ", local.refused_uploads)}. Upload newer ones."
  }

  precondition {
    condition     = length(local.refused_keys) == 0
    error_message = "private_key is kept in the state of ${join(", ", local.refused_keys)}. Use private_key_wo."
  }
}
