// The segment of a batch header lives in the header.
#include "hl7v2/batch.hpp"
using namespace causeway::hl7v2;

int main() {
#ifdef MUST_NOT_COMPILE
    const SegmentView view = BatchHeader::parse("BHS|^~\\&\r")->view();
    const SegmentView other = BatchHeader{}.view();
    return static_cast<int>(view.offset() + other.offset());
#else
    const BatchHeader header = *BatchHeader::parse("BHS|^~\\&\r");
    return static_cast<int>(header.view().offset());
#endif
}
