// list() of the local store: a walk of the tree in the order of the paths.
#pragma once

#include "content/local/files.h"

namespace synap::content {

/// A page of the files below the open directory `root`. What has no content key's path, or is no
/// regular file, is not content and is not listed. Memory is that of one page and of the names of
/// directories; time, that of reading each directory of which the page shows something.
Result<Page> list_files(const Descriptor& root, const Listing& listing);

}  // namespace synap::content
