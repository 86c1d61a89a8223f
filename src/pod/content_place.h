// Where the texts of a pod are, remembered: a pod that is started with settings which name another
// place, in which its texts are not, is refused. Else each of them would be told as lost, and new
// ones would be stored apart from the old.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/task.h"
#include "content/store.h"
#include "db/database.h"

namespace synap::pod {

struct ContentOptions;

/// The place where the texts of a pod are that has never said where.
inline constexpr std::string_view kFirstContentPlace = "the data directory";

std::vector<db::Database::Migration> content_place_migrations();

/// Where content is, where that is not the data directory; otherwise "".
std::string content_place(const ContentOptions& options);
/// The same as it is remembered; with what stands before the names there.
std::string place_of_texts(const ContentOptions& options);

/// Settles that `content`, which `place` names ("the bucket b at ..."), is
/// where texts are from now on. Where they were somewhere else before, the newest must be there:
/// kPreconditionFailed, with a sentence that says what to do. A place that is the one of before is
/// not looked at, so that a pod starts while it is away. To be called when the tables of notes are
/// there, and before anything is stored.
Task<Result<>> enter_content_place(db::Database& database, content::ContentStore& content,
                                   std::string place);

}  // namespace synap::pod
