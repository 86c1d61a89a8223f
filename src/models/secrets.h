// Secrets in prompts: keys that somebody has written into a note are no business of a model, nor of
// the provider that it is asked at. What agents ask, and texts that are sent for their vectors,
// have a mark in their place.
//
// They are known by their form, which those who issue them have made so that it can be:
//
//   this pod's         synap_, synap_session_, synap_link_ and 32 or more of A-Z a-z 0-9 _ -
//   models' providers  sk- with 16 or more of A-Z a-z 0-9 _ in a row, digits among them
//   Stripe             sk_live_, sk_test_, rk_live_, rk_test_, whsec_ and 16 or more
//   GitHub             ghp_, gho_, ghu_, ghs_, ghr_ and 30 or more; github_pat_ and 22 or more
//   GitLab             glpat- and 20 or more
//   Slack              xoxa-, xoxb-, xoxp-, xoxr-, xoxs- and 16 or more
//   Google             AIza and 35 or more
//   AWS                AKIA or ASIA and 16 of A-Z 0-9, and no more
//   JSON Web Tokens    eyJ...., three parts between dots
//   private keys       -----BEGIN ... PRIVATE KEY to its end, in PEM, and no further than its lines
//
// Where the form is a prefix, at least a sixth of what stands behind it are digits or capitals.
// Passwords, and whatever else has no form of its own, are not known.
#pragma once

#include <cstdint>
#include <string>

#include "models/conversation.h"

namespace synap::models {

/// Puts "[left out: a secret]" in the place of each secret; says how many. Linear in the text.
std::int64_t mask_secrets(std::string& text);

/// The same in all texts of what is asked, and in the calls of tools that are told back.
std::int64_t mask_secrets(Ask& ask);

}  // namespace synap::models
