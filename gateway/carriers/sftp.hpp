#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gateway/carriers/carrier.hpp"
#include "gateway/carriers/run_program.hpp"

namespace causeway::carriers {

/// One session of the platform's `sftp` program with a batch of its commands. It stops at the first that fails (exit
/// code 1); 255 is a connection that did not come about. No password is ever asked for; the host's key must be known.
Ended run_sftp_blocking(const exchange::SftpEndpoint& endpoint, const std::string& commands);

/// Puts each message as a file into the remote folder, renamed into place when it is whole.
class SftpCarrier final : public Carrier {
public:
    explicit SftpCarrier(exchange::SftpEndpoint endpoint) : endpoint_(std::move(endpoint)) {}
    exchange::Carried carry_blocking(const exchange::Outgoing& message) override;

private:
    exchange::SftpEndpoint endpoint_;
};

/// Names of a listing that end with `suffix`, without folders, sorted. Hidden ones and ones that would need quoting are
/// left out.
std::vector<std::string> names_of_listing(std::string_view listing, std::string_view suffix);

}  // namespace causeway::carriers
