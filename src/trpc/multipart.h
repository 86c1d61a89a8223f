// multipart/form-data (RFC 7578) as browsers and fetch() write it.
//
//   body     = *preamble part *(CRLF part) CRLF "--" boundary "--" epilogue
//   part     = "--" boundary CRLF *(field CRLF) CRLF bytes
//   field    = "Content-Disposition: form-data; name=" quoted ["; filename=" quoted]
//            | "Content-Type: " media-type | any other field, ignored
//   quoted   = DQUOTE text with %22, %0D and %0A for DQUOTE, CR and LF DQUOTE
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "rpc/procedure.h"

namespace synap::trpc {

/// The fields in their order, equal names kept. kBadRequest: no boundary, or not in this form.
Result<std::vector<rpc::FormField>> parse_multipart(std::string_view content_type,
                                                    std::string_view body);

}  // namespace synap::trpc
