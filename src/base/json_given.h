// JSON that somebody gives the pod to keep: read as parse_json reads it, but refused where a
// number of it would come back as another.
//
// Numbers are JavaScript's, doubles, for every client reads them so. A program in another language
// can write what no double is: 9007199254740993 would be kept as 9007199254740992, 1e400 as null,
// and nobody would be told. A fraction is rounded to the nearest double, as everywhere.
#pragma once

#include "base/json.h"

namespace synap {

/// parse_json, which refuses besides (kBadRequest, with a sentence that names it): a whole number
/// that does not read back digit by digit, however it is written, a number beyond the range of a
/// double, and one that would become 0. In members named `but_in`, whole numbers may be rounded:
/// times in nanoseconds that only programs read.
Result<Json> parse_given_json(std::string_view text, JsonLimits limits = {},
                              std::string_view but_in = {});

}  // namespace synap
