// Reading of an object of a bucket as it comes: one request, whose answer is taken as fast as its
// reader takes it. Where the line breaks it goes on behind what has come, as long as the server
// still has that version.
#pragma once

#include <cstdint>
#include <string>

#include "content/s3/bucket.h"
#include "content/store.h"

namespace synap::content {

/// As ContentStore::read(). All of an object is compared with its checksum, and its last chunk
/// comes only when that is right: Fault::kDamaged. A part of one is not, since no checksum is of
/// it. kPayloadTooLarge: it is more than `most` bytes. `bucket` must outlive it.
Chunks read_object(S3Bucket& bucket, std::string path, Range range, std::int64_t most);

}  // namespace synap::content
