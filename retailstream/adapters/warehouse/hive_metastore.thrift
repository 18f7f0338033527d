/* The part of the Hive Metastore's interface that a warehouse needs, as every Metastore from 2.3 to 4 speaks it.
   Numbers and types are those of Hive's own hive_metastore.thrift; fields that are left out are optional there. */

exception MetaException { 1: string message }
exception NoSuchObjectException { 1: string message }
exception AlreadyExistsException { 1: string message }
exception InvalidObjectException { 1: string message }
exception InvalidOperationException { 1: string message }
exception InvalidInputException { 1: string message }

struct Database {
  1: string name,
  2: string description,
  3: string locationUri,
  4: map<string, string> parameters
}

struct FieldSchema {
  1: string name,
  2: string type,
  3: string comment
}

struct SerDeInfo {
  1: string name,
  2: string serializationLib,
  3: map<string, string> parameters
}

struct Order {
  1: string col,
  2: i32 order
}

struct StorageDescriptor {
  1: list<FieldSchema> cols,
  2: string location,
  3: string inputFormat,
  4: string outputFormat,
  5: bool compressed,
  6: i32 numBuckets,
  7: SerDeInfo serdeInfo,
  8: list<string> bucketCols,
  9: list<Order> sortCols,
  10: map<string, string> parameters
}

struct Table {
  1: string tableName,
  2: string dbName,
  3: string owner,
  4: i32 createTime,
  5: i32 lastAccessTime,
  6: i32 retention,
  7: StorageDescriptor sd,
  8: list<FieldSchema> partitionKeys,
  9: map<string, string> parameters,
  10: string viewOriginalText,
  11: string viewExpandedText,
  12: string tableType
}

struct Partition {
  1: list<string> values,
  2: string dbName,
  3: string tableName,
  4: i32 createTime,
  5: i32 lastAccessTime,
  6: StorageDescriptor sd,
  7: map<string, string> parameters
}

struct GetTableRequest {
  1: required string dbName,
  2: required string tblName
}

struct GetTableResult {
  1: required Table table
}

struct EnvironmentContext {
  1: map<string, string> properties
}

struct BooleanColumnStatsData {
  1: i64 numTrues,
  2: i64 numFalses,
  3: i64 numNulls
}

struct LongColumnStatsData {
  1: i64 lowValue,
  2: i64 highValue,
  3: i64 numNulls,
  4: i64 numDVs
}

struct StringColumnStatsData {
  1: i64 maxColLen,
  2: double avgColLen,
  3: i64 numNulls,
  4: i64 numDVs
}

struct Decimal {
  1: binary unscaled,
  3: i16 scale
}

struct DecimalColumnStatsData {
  1: Decimal lowValue,
  2: Decimal highValue,
  3: i64 numNulls,
  4: i64 numDVs
}

struct Date {
  1: i64 daysSinceEpoch
}

struct DateColumnStatsData {
  1: Date lowValue,
  2: Date highValue,
  3: i64 numNulls,
  4: i64 numDVs
}

union ColumnStatisticsData {
  1: BooleanColumnStatsData booleanStats,
  2: LongColumnStatsData longStats,
  4: StringColumnStatsData stringStats,
  6: DecimalColumnStatsData decimalStats,
  7: DateColumnStatsData dateStats
}

struct ColumnStatisticsObj {
  1: string colName,
  2: string colType,
  3: ColumnStatisticsData statsData
}

struct ColumnStatisticsDesc {
  1: bool isTblLevel,
  2: string dbName,
  3: string tableName,
  4: string partName,
  5: i64 lastAnalyzed
}

struct ColumnStatistics {
  1: ColumnStatisticsDesc statsDesc,
  2: list<ColumnStatisticsObj> statsObj,
  4: string engine
}

struct SetPartitionsStatsRequest {
  1: list<ColumnStatistics> colStats,
  2: bool needMerge,
  5: string engine
}

service ThriftHiveMetastore {
  Database get_database(1: string name) throws (1: NoSuchObjectException o1, 2: MetaException o2)
  void create_database(1: Database database)
    throws (1: AlreadyExistsException o1, 2: InvalidObjectException o2, 3: MetaException o3)
  GetTableResult get_table_req(1: GetTableRequest req) throws (1: MetaException o1, 2: NoSuchObjectException o2)
  void create_table(1: Table tbl) throws (
    1: AlreadyExistsException o1, 2: InvalidObjectException o2, 3: MetaException o3, 4: NoSuchObjectException o4)
  void drop_table(1: string dbname, 2: string name, 3: bool deleteData)
    throws (1: NoSuchObjectException o1, 2: MetaException o3)
  void alter_table_with_environment_context(
    1: string dbname, 2: string tbl_name, 3: Table new_tbl, 4: EnvironmentContext environment_context)
    throws (1: InvalidOperationException o1, 2: MetaException o2)
  list<Partition> get_partitions(1: string db_name, 2: string tbl_name, 3: i16 max_parts)
    throws (1: NoSuchObjectException o1, 2: MetaException o2)
  i32 add_partitions(1: list<Partition> new_parts)
    throws (1: InvalidObjectException o1, 2: AlreadyExistsException o2, 3: MetaException o3)
  void alter_partitions_with_environment_context(
    1: string db_name, 2: string tbl_name, 3: list<Partition> new_parts, 4: EnvironmentContext environment_context)
    throws (1: InvalidOperationException o1, 2: MetaException o2)
  bool drop_partition(1: string db_name, 2: string tbl_name, 3: list<string> part_vals, 4: bool deleteData)
    throws (1: NoSuchObjectException o1, 2: MetaException o2)
  bool set_aggr_stats_for(1: SetPartitionsStatsRequest request) throws (
    1: NoSuchObjectException o1, 2: InvalidObjectException o2, 3: MetaException o3, 4: InvalidInputException o4)
}
