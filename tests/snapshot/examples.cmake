fermata_snapshot_case(first "${CMAKE_SOURCE_DIR}/examples/first.scxml" "order.paid={\"amount\":12}")
