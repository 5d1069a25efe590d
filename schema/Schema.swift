// SQL text lives in files, so that psql, a reviewer and an editor's highlighter see it as SQL; the binary carries it embedded.
//
// Embedded resources have no listing, and `0001_init.sql` arrives as `_001_init_sql`, so the tables below are written by hand.
// `SchemaTableTests` holds them against the directories: every file has its row, and every row its file.

/// One SQL statement or script: the name of its file without `.sql`, and its exact text.
public struct EmbeddedStatement: Hashable, Sendable {
    public let name: String
    public let text: String

    init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.text = String(decoding: bytes, as: UTF8.self)
    }
}

/// A forward migration, one transaction. `number` is the first four digits of its file's name and the version it leads to.
public struct MigrationScript: Hashable, Sendable {
    public let number: Int32
    public let statement: EmbeddedStatement
    /// The oldest schema version whose binaries still work after this migration, from the line `-- oldest-binary: N` of its header.
    public let oldestBinary: Int32

    init(_ number: Int32, oldestBinary: Int32, _ name: String, _ bytes: [UInt8]) {
        self.number = number
        self.oldestBinary = oldestBinary
        self.statement = EmbeddedStatement(name, bytes)
    }

    /// Every migration this binary knows, in order.
    public static let all: [MigrationScript] = [
        MigrationScript(1, oldestBinary: 1, "0001_event_log", PackageResources._001_event_log_sql),
        MigrationScript(2, oldestBinary: 1, "0002_operations", PackageResources._002_operations_sql),
        MigrationScript(3, oldestBinary: 1, "0003_analytics", PackageResources._003_analytics_sql),
        MigrationScript(4, oldestBinary: 1, "0004_outbox_pruning", PackageResources._004_outbox_pruning_sql),
        MigrationScript(5, oldestBinary: 1, "0005_lost_records", PackageResources._005_lost_records_sql),
        MigrationScript(6, oldestBinary: 1, "0006_rollups", PackageResources._006_rollups_sql),
        MigrationScript(7, oldestBinary: 1, "0007_law_comparison", PackageResources._007_law_comparison_sql),
        MigrationScript(8, oldestBinary: 1, "0008_producers", PackageResources._008_producers_sql),
        MigrationScript(9, oldestBinary: 1, "0009_plain_batches", PackageResources._009_plain_batches_sql),
        MigrationScript(10, oldestBinary: 1, "0010_refusals", PackageResources._010_refusals_sql),
        MigrationScript(11, oldestBinary: 1, "0011_consumers", PackageResources._011_consumers_sql),
        MigrationScript(12, oldestBinary: 1, "0012_sealed_days", PackageResources._012_sealed_days_sql),
        MigrationScript(13, oldestBinary: 1, "0013_readers", PackageResources._013_readers_sql),
        MigrationScript(14, oldestBinary: 1, "0014_entry_bound", PackageResources._014_entry_bound_sql),
        MigrationScript(15, oldestBinary: 1, "0015_known_kinds", PackageResources._015_known_kinds_sql),
        MigrationScript(16, oldestBinary: 1, "0016_retention", PackageResources._016_retention_sql),
        MigrationScript(17, oldestBinary: 1, "0017_connection_bounds", PackageResources._017_connection_bounds_sql),
        MigrationScript(18, oldestBinary: 1, "0018_seal_by_day", PackageResources._018_seal_by_day_sql),
        MigrationScript(19, oldestBinary: 1, "0019_cheaper_appends", PackageResources._019_cheaper_appends_sql),
        MigrationScript(20, oldestBinary: 1, "0020_one_plan", PackageResources._020_one_plan_sql),
        MigrationScript(21, oldestBinary: 1, "0021_empty_lists", PackageResources._021_empty_lists_sql),
        MigrationScript(22, oldestBinary: 1, "0022_cheaper_folds", PackageResources._022_cheaper_folds_sql),
        MigrationScript(23, oldestBinary: 1, "0023_views_by_day", PackageResources._023_views_by_day_sql),
    ]
}

/// The statements of `schema/queries`, for PostgreSQL.
public enum Query {
    public static let alertClock = EmbeddedStatement("alert_clock", PackageResources.alert_clock_sql)
    public static let alertRestore = EmbeddedStatement("alert_restore", PackageResources.alert_restore_sql)
    public static let benchAppendJSONB = EmbeddedStatement("bench_append_jsonb", PackageResources.bench_append_jsonb_sql)
    public static let benchCheckpoint = EmbeddedStatement("bench_checkpoint", PackageResources.bench_checkpoint_sql)
    public static let benchCopyTicks = EmbeddedStatement("bench_copy_ticks", PackageResources.bench_copy_ticks_sql)
    public static let benchPause = EmbeddedStatement("bench_pause", PackageResources.bench_pause_sql)
    public static let benchPrepare = EmbeddedStatement("bench_prepare", PackageResources.bench_prepare_sql)
    public static let benchSurvey = EmbeddedStatement("bench_survey", PackageResources.bench_survey_sql)
    public static let checkpointDigests = EmbeddedStatement("checkpoint_digests", PackageResources.checkpoint_digests_sql)
    public static let checkpointLast = EmbeddedStatement("checkpoint_last", PackageResources.checkpoint_last_sql)
    public static let checkpointList = EmbeddedStatement("checkpoint_list", PackageResources.checkpoint_list_sql)
    public static let compositeType = EmbeddedStatement("composite_type", PackageResources.composite_type_sql)
    public static let connectionRoom = EmbeddedStatement("connection_room", PackageResources.connection_room_sql)
    public static let consumerList = EmbeddedStatement("consumer_list", PackageResources.consumer_list_sql)
    public static let consumerRegister = EmbeddedStatement("consumer_register", PackageResources.consumer_register_sql)
    public static let consumerRemove = EmbeddedStatement("consumer_remove", PackageResources.consumer_remove_sql)
    public static let cursorLoad = EmbeddedStatement("cursor_load", PackageResources.cursor_load_sql)
    public static let cursorStore = EmbeddedStatement("cursor_store", PackageResources.cursor_store_sql)
    public static let databaseCreate = EmbeddedStatement("database_create", PackageResources.database_create_sql)
    public static let databaseExists = EmbeddedStatement("database_exists", PackageResources.database_exists_sql)
    public static let grantHeads = EmbeddedStatement("grant_heads", PackageResources.grant_heads_sql)
    public static let leaseAcquire = EmbeddedStatement("lease_acquire", PackageResources.lease_acquire_sql)
    public static let leaseList = EmbeddedStatement("lease_list", PackageResources.lease_list_sql)
    public static let leaseRenew = EmbeddedStatement("lease_renew", PackageResources.lease_renew_sql)
    public static let leaseResign = EmbeddedStatement("lease_resign", PackageResources.lease_resign_sql)
    public static let logAppend = EmbeddedStatement("log_append", PackageResources.log_append_sql)
    public static let logCopy = EmbeddedStatement("log_copy", PackageResources.log_copy_sql)
    public static let logDeclareLost = EmbeddedStatement("log_declare_lost", PackageResources.log_declare_lost_sql)
    public static let logHeads = EmbeddedStatement("log_heads", PackageResources.log_heads_sql)
    public static let logOpen = EmbeddedStatement("log_open", PackageResources.log_open_sql)
    public static let logRead = EmbeddedStatement("log_read", PackageResources.log_read_sql)
    public static let logRefusals = EmbeddedStatement("log_refusals", PackageResources.log_refusals_sql)
    public static let logRosters = EmbeddedStatement("log_rosters", PackageResources.log_rosters_sql)
    public static let logScan = EmbeddedStatement("log_scan", PackageResources.log_scan_sql)
    public static let migrationBootstrap = EmbeddedStatement("migration_bootstrap", PackageResources.migration_bootstrap_sql)
    public static let migrationChecksum = EmbeddedStatement("migration_checksum", PackageResources.migration_checksum_sql)
    public static let migrationList = EmbeddedStatement("migration_list", PackageResources.migration_list_sql)
    public static let migrationLock = EmbeddedStatement("migration_lock", PackageResources.migration_lock_sql)
    public static let migrationRecord = EmbeddedStatement("migration_record", PackageResources.migration_record_sql)
    public static let migrationSurvey = EmbeddedStatement("migration_survey", PackageResources.migration_survey_sql)
    public static let outboxDue = EmbeddedStatement("outbox_due", PackageResources.outbox_due_sql)
    public static let outboxPrune = EmbeddedStatement("outbox_prune", PackageResources.outbox_prune_sql)
    public static let outboxRestore = EmbeddedStatement("outbox_restore", PackageResources.outbox_restore_sql)
    public static let outboxSettle = EmbeddedStatement("outbox_settle", PackageResources.outbox_settle_sql)
    public static let outboxStore = EmbeddedStatement("outbox_store", PackageResources.outbox_store_sql)
    public static let partitionsAhead = EmbeddedStatement("partitions_ahead", PackageResources.partitions_ahead_sql)
    public static let partitionsMake = EmbeddedStatement("partitions_make", PackageResources.partitions_make_sql)
    public static let logExport = EmbeddedStatement("log_export", PackageResources.log_export_sql)
    public static let logStarts = EmbeddedStatement("log_starts", PackageResources.log_starts_sql)
    public static let partitionDrop = EmbeddedStatement("partition_drop", PackageResources.partition_drop_sql)
    public static let partitionList = EmbeddedStatement("partition_list", PackageResources.partition_list_sql)
    public static let partitionObstacles = EmbeddedStatement("partition_obstacles", PackageResources.partition_obstacles_sql)
    public static let projectionDigests = EmbeddedStatement("projection_digests", PackageResources.projection_digests_sql)
    public static let projectionRebuild = EmbeddedStatement("projection_rebuild", PackageResources.projection_rebuild_sql)
    public static let recentPlace = EmbeddedStatement("recent_place", PackageResources.recent_place_sql)
    public static let retentionList = EmbeddedStatement("retention_list", PackageResources.retention_list_sql)
    public static let retentionSet = EmbeddedStatement("retention_set", PackageResources.retention_set_sql)
    public static let rollupPrune = EmbeddedStatement("rollup_prune", PackageResources.rollup_prune_sql)
    public static let rollupFold = EmbeddedStatement("rollup_fold", PackageResources.rollup_fold_sql)
    public static let readAlerts = EmbeddedStatement("read_alerts", PackageResources.read_alerts_sql)
    public static let readAllocation = EmbeddedStatement("read_allocation", PackageResources.read_allocation_sql)
    public static let readClusterRoster = EmbeddedStatement("read_cluster_roster", PackageResources.read_cluster_roster_sql)
    public static let readClusters = EmbeddedStatement("read_clusters", PackageResources.read_clusters_sql)
    public static let readDecision = EmbeddedStatement("read_decision", PackageResources.read_decision_sql)
    public static let readDecisions = EmbeddedStatement("read_decisions", PackageResources.read_decisions_sql)
    public static let readLogPage = EmbeddedStatement("read_log_page", PackageResources.read_log_page_sql)
    public static let readNewestArrival = EmbeddedStatement("read_newest_arrival", PackageResources.read_newest_arrival_sql)
    public static let readPatches = EmbeddedStatement("read_patches", PackageResources.read_patches_sql)
    public static let readStreamPage = EmbeddedStatement("read_stream_page", PackageResources.read_stream_page_sql)
    public static let readTimeline = EmbeddedStatement("read_timeline", PackageResources.read_timeline_sql)
    public static let writerCut = EmbeddedStatement("writer_cut", PackageResources.writer_cut_sql)
    public static let writerEnroll = EmbeddedStatement("writer_enroll", PackageResources.writer_enroll_sql)
    public static let writerRevoke = EmbeddedStatement("writer_revoke", PackageResources.writer_revoke_sql)

    public static let all: [EmbeddedStatement] = [
        alertClock, alertRestore, benchAppendJSONB, benchCheckpoint, benchCopyTicks, benchPause, benchPrepare, benchSurvey,
        checkpointDigests, checkpointLast, checkpointList, compositeType, connectionRoom, consumerList, consumerRegister, consumerRemove, cursorLoad, cursorStore, databaseCreate, databaseExists, grantHeads, leaseAcquire, leaseList, leaseRenew, leaseResign,
        logAppend, logCopy, logDeclareLost, logHeads, logOpen, logRead, logRefusals, logRosters, logScan, migrationBootstrap, migrationChecksum, migrationList,
        migrationLock, migrationRecord, migrationSurvey, outboxDue, outboxPrune, outboxRestore, outboxSettle, outboxStore,
        logExport, logStarts, partitionDrop, partitionList, partitionObstacles, projectionDigests, projectionRebuild, rollupFold,
        retentionList, retentionSet, rollupPrune,
        partitionsAhead, partitionsMake, recentPlace, readAlerts, readAllocation, readClusterRoster, readClusters, readDecision,
        readDecisions, readLogPage, readNewestArrival, readPatches, readStreamPage, readTimeline, writerCut, writerEnroll,
        writerRevoke,
    ]
}

/// The statements of `schema/spool`, for the shipper's SQLite spool.
public enum SpoolStatement {
    public static let acknowledge = EmbeddedStatement("spool_acknowledge", PackageResources.spool_acknowledge_sql)
    public static let acknowledgedBefore = EmbeddedStatement("spool_acknowledged_before", PackageResources.spool_acknowledged_before_sql)
    public static let check = EmbeddedStatement("spool_check", PackageResources.spool_check_sql)
    public static let create = EmbeddedStatement("spool_create", PackageResources.spool_create_sql)
    public static let deleteEntries = EmbeddedStatement("spool_delete_entries", PackageResources.spool_delete_entries_sql)
    public static let deleteEntriesAfter = EmbeddedStatement("spool_delete_entries_after", PackageResources.spool_delete_entries_after_sql)
    public static let deleteLosses = EmbeddedStatement("spool_delete_losses", PackageResources.spool_delete_losses_sql)
    public static let forgetAcknowledgements = EmbeddedStatement("spool_forget_acknowledgements", PackageResources.spool_forget_acknowledgements_sql)
    public static let identify = EmbeddedStatement("spool_identify", PackageResources.spool_identify_sql)
    public static let insertEntry = EmbeddedStatement("spool_insert_entry", PackageResources.spool_insert_entry_sql)
    public static let insertHeader = EmbeddedStatement("spool_insert_header", PackageResources.spool_insert_header_sql)
    public static let insertLoss = EmbeddedStatement("spool_insert_loss", PackageResources.spool_insert_loss_sql)
    public static let journalMode = EmbeddedStatement("spool_journal_mode", PackageResources.spool_journal_mode_sql)
    public static let pageBound = EmbeddedStatement("spool_page_bound", PackageResources.spool_page_bound_sql)
    public static let pageSize = EmbeddedStatement("spool_page_size", PackageResources.spool_page_size_sql)
    public static let markDamaged = EmbeddedStatement("spool_mark_damaged", PackageResources.spool_mark_damaged_sql)
    public static let mendDigest = EmbeddedStatement("spool_mend_digest", PackageResources.spool_mend_digest_sql)
    public static let prepare = EmbeddedStatement("spool_prepare", PackageResources.spool_prepare_sql)
    public static let putValue = EmbeddedStatement("spool_put_value", PackageResources.spool_put_value_sql)
    public static let removeValue = EmbeddedStatement("spool_remove_value", PackageResources.spool_remove_value_sql)
    public static let retractAcknowledgements = EmbeddedStatement("spool_retract_acknowledgements", PackageResources.spool_retract_acknowledgements_sql)
    public static let selectEntries = EmbeddedStatement("spool_select_entries", PackageResources.spool_select_entries_sql)
    public static let selectEntrySizes = EmbeddedStatement("spool_select_entry_sizes", PackageResources.spool_select_entry_sizes_sql)
    public static let selectHeader = EmbeddedStatement("spool_select_header", PackageResources.spool_select_header_sql)
    public static let selectLosses = EmbeddedStatement("spool_select_losses", PackageResources.spool_select_losses_sql)
    public static let selectValue = EmbeddedStatement("spool_select_value", PackageResources.spool_select_value_sql)
    public static let selectValues = EmbeddedStatement("spool_select_values", PackageResources.spool_select_values_sql)
    public static let synchronous = EmbeddedStatement("spool_synchronous", PackageResources.spool_synchronous_sql)

    public static let all: [EmbeddedStatement] = [
        acknowledge, acknowledgedBefore, check, create, deleteEntries, deleteEntriesAfter, deleteLosses, forgetAcknowledgements, identify,
        insertEntry, insertHeader, insertLoss, journalMode, markDamaged, mendDigest, pageBound, pageSize, prepare, putValue, removeValue,
        retractAcknowledgements, selectEntries, selectEntrySizes, selectHeader, selectLosses, selectValue, selectValues,
        synchronous,
    ]
}
