// What `synap doctor` finds of content: whether what the database says of files is so, in the data
// directory or in a bucket.
#pragma once

#include "synap/doctor_data.h"
#include "synap/doctor_database.h"

namespace synap::cli {

Check check_content(DoctorDatabase& database, const DataOptions& options);

/// That the bucket takes an object and gives it back; it is removed again.
Check check_bucket(const content::S3Settings& settings);

}  // namespace synap::cli
