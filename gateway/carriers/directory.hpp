#pragma once
#include <filesystem>

#include "gateway/carriers/carrier.hpp"

namespace causeway::carriers {

/// Writes each message as a file of its own: under a name that begins with a dot, to the disk, then renamed into place.
/// The name is the same in every attempt, so that a repeated one replaces its file.
class DirectoryCarrier final : public Carrier {
public:
    explicit DirectoryCarrier(exchange::DirectoryEndpoint endpoint) : endpoint_(std::move(endpoint)) {}
    exchange::Carried carry_blocking(const exchange::Outgoing& message) override;

private:
    exchange::DirectoryEndpoint endpoint_;
};

/// "00000000000000000017-K3G8.hl7": sorts in the order of the queue; holds nothing of the message but its control id.
std::string file_name(const exchange::Outgoing& message, std::string_view suffix);

/// Writes `bytes` durably under a name that appears only when all of it is there. Empty: done; else a code why not.
std::string write_file(const std::filesystem::path& path, std::string_view bytes);

/// The code of an errno for reasons and logs: no path, no text of the system's language.
std::string errno_code(int error);

}  // namespace causeway::carriers
