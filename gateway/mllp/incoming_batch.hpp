#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/batch.hpp"

namespace causeway::mllp {

/// A batch or file of messages that came in one frame (2.5.1 section 2.10.3), taken apart.
struct IncomingBatch {
    struct Batch {
        hl7v2::BatchHeader header;  ///< none if the file had messages without BHS
        std::vector<std::string> messages;
    };
    hl7v2::BatchHeader file;  ///< none if it began with BHS
    std::vector<Batch> batches;
    std::string fault;  ///< why nothing of it may be processed; empty: it is in order
};

/// More messages in one frame than this are refused: send them in several batches.
inline constexpr std::size_t batch_messages_max = 10'000;

/// Whether the bytes of a frame are a batch or file and not a message.
bool is_batch(std::string_view bytes) noexcept;

/// The messages of a frame that is no batch: one, or several that a sender has put into one frame, where the next MSH
/// would otherwise be taken for a segment of the first message and be lost. One that is too many stays with the last.
std::vector<std::string> split_messages(std::string bytes);

/// Counts and order are checked before any message is processed.
IncomingBatch read_batch(std::string_view bytes);

/// What answers a batch: a batch of acknowledgements in the same shape, BHS-12 and FHS-12 naming what is answered.
class BatchAnswer {
public:
    BatchAnswer(const IncomingBatch& batch, std::string now, std::string control_id);
    /// The acknowledgements to the messages, in their order.
    void begin_batch(const IncomingBatch::Batch& batch);
    void add(std::string_view acknowledgement);
    void end_batch();
    std::string finish();

    /// The whole answer where nothing was processed: an AR that names the batch and says why.
    static std::string refuse(const IncomingBatch& batch, std::string now, std::string control_id);

private:
    std::string out_, now_, control_id_;
    struct Writer;
    std::shared_ptr<Writer> writer_;
};

}  // namespace causeway::mllp
