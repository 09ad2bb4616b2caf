// Fields count from 1.
#include "hl7v2/path.hpp"
using namespace causeway::hl7v2;

#ifdef MUST_NOT_COMPILE
constexpr Path path = "PID-0"_v2;
#else
constexpr Path path = "PID-1"_v2;
#endif
int main() { return path.position.field; }
